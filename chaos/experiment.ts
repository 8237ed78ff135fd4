import { setTimeout as wait } from 'node:timers/promises';
import { systemClock } from '../src/clock.ts';
import type { Pickup } from '../testing/worker-protocol.ts';
import { openCampaigns } from './campaigns.ts';
import { SERVED } from './channels.ts';
import { placeOf } from './faults.ts';
import { findings } from './findings.ts';
import { DRAIN_MS, openFleet } from './fleet.ts';
import { createLateArrivals } from './late-arrivals.ts';
import { leftIn } from './left.ts';
import { createManyTally } from './many.ts';
import type { ChaosOptions } from './options.ts';
import { watchPace } from './pace.ts';
import { type Count, type Part, partsOf, playPart, rollOut, startCampaigns } from './parts.ts';
import { openPlatforms } from './platforms.ts';
import { openOrders } from './producer.ts';
import { progress, settled } from './progress.ts';
import { followQueues } from './queue-events.ts';
import type { Findings } from './report.ts';
import { openRollouts, planVersions } from './rollouts.ts';
import type { ExperimentContext, Run } from './run-context.ts';
import { openCluster } from './stores/cluster.ts';
import { openOneNode } from './stores/one-node.ts';
import { keepUndone } from './undone.ts';
import { createWaits } from './waits.ts';

/** From the last message on, until every message is final: a message's life, and one recovery. */
const TAIL_MS = 240_000;
/** Beyond their span: the last deployment waits for a channel to be drained, and its worker then for a window's end. */
const OVERTIME_MS = 900_000;

/** One run from start to end; whatever happens, nothing of it is left. Undefined when it was interrupted. */
export async function experiment(
  options: ChaosOptions,
  context: ExperimentContext,
): Promise<Findings | undefined> {
  const { signal } = context;
  const faults = new Map<string, number>();
  const count = (kind: string, times = 1): void => {
    if (times > 0) faults.set(kind, (faults.get(kind) ?? 0) + times);
  };
  const store = await (options.cluster ? openCluster : openOneNode)(systemClock);
  const enqueueing = await store.openLink();
  const platforms = await openPlatforms(systemClock, options.seed);
  const many = createManyTally();
  const pickups = new Map<string, number>();
  const arrivals = createLateArrivals();
  const onPickup = (pickup: Pickup): void => {
    many.note(pickup);
    if (!pickups.has(pickup.message)) pickups.set(pickup.message, systemClock.now());
  };
  const fleet = await openFleet({
    ...{ size: options.workers, store },
    logs: context.logs,
    clock: systemClock,
    ...{ onPickup, onWrite: arrivals.written },
    onFailpoint: (failpoint) =>
      count(`${failpoint.does === 'die' ? 'kill -9' : 'event loop blocked'} ${placeOf(failpoint)}`),
    config: (redis) => ({
      redis,
      http: { port: 0 },
      drainTimeout: `${DRAIN_MS}ms`,
      receipts: { keep: 100_000_000 },
      channels: platforms.channels(SERVED),
    }),
  });
  const following = followQueues(store, fleet.recovery.given);
  const campaigns = openCampaigns(enqueueing, systemClock);
  const orders = openOrders(enqueueing, store);
  const pause = async (ms: number): Promise<void> =>
    void (await wait(ms, undefined, { signal }).catch(() => {}));
  const rollouts = openRollouts({
    ...{ platforms, signal, pause, logs: context.logs, redis: store.address },
    versions: planVersions(options.rollouts),
    now: () => systemClock.now(),
    // While a replica takes over, nobody knows.
    left: (channel) => leftIn(store, channel).catch(() => Number.POSITIVE_INFINITY),
    ...{ onPickup, onWrite: arrivals.written },
  });
  const undone = keepUndone(systemClock);
  const pace = watchPace();
  const startedAt = systemClock.monotonic();
  const run: Run = {
    ...{ options, context, store, platforms, fleet, orders, campaigns, rollouts, many, pickups, faults },
    ...{ enqueueing, arrivals, pace, undone, waits: createWaits() },
    ...{ produced: 0, complaints: [] },
    elapsed: () => systemClock.monotonic() - startedAt,
    pause,
  };
  // It would end an application that uses the library as this process does.
  const onUnheard = (error: unknown): void =>
    void run.complaints.push(`a promise was rejected and nobody heard: ${(error as Error).stack ?? error}`);
  process.on('unhandledRejection', onUnheard);
  try {
    await fleet.start();
    // Producers learn of a channel's shards from its workers.
    await Promise.all(fleet.places.map(({ worker }) => worker.ready()));
    await play(run, count);
    return signal.aborted ? undefined : await findings(run);
  } finally {
    process.off('unhandledRejection', onUnheard);
    undone.stop();
    pace.stop();
    await fleet.close();
    await rollouts.close();
    following.close();
    await campaigns.close();
    await orders.close();
    await enqueueing.close();
    await platforms.close();
    await store.close();
  }
}

async function play(run: Run, count: Count): Promise<void> {
  const { options, rollouts } = run;
  const telling = progress(run);
  try {
    const [main, losses] = partsOf(options);
    await rollouts.next();
    await inTime(run, main, [playPart(run, main, count), rollOut(run, main), startCampaigns(run, main)]);
    await settle(run);
    await run.campaigns.count(run.store);
    if (losses.spanMs > 0 && !run.context.signal.aborted) {
      run.calmFrom = systemClock.now();
      await inTime(run, losses, [playPart(run, losses, count)]);
      await settle(run);
    }
  } finally {
    telling.stop();
  }
}

/** Resolves when all is done, or when that took too long. */
async function inTime(
  { complaints, waits }: Run,
  { spanMs }: Pick<Part, 'spanMs'>,
  parts: readonly Promise<void>[],
): Promise<void> {
  const over = new AbortController();
  const late = wait(spanMs + OVERTIME_MS, true, { signal: over.signal });
  try {
    const isLate = await Promise.race([Promise.all(parts).then(() => false), late]);
    if (isLate)
      complaints.push(
        `after ${OVERTIME_MS / 1000} s beyond its time still under way: ${waits.names.join(', ')}`,
      );
  } finally {
    over.abort();
  }
}

async function settle(run: Run): Promise<void> {
  await run.orders.controller.done();
  const left = await settled(run, TAIL_MS);
  if (left.length > 0) run.complaints.push(`jobs were still in the queues at the end: ${left.join('; ')}`);
}
