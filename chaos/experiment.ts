import { setTimeout as wait } from 'node:timers/promises';
import { systemClock } from '../src/clock.ts';
import { seededRandom } from '../src/sandbox/seeded-random.ts';
import { type FaultyProxy, openFaultyProxy } from '../testing/faulty-proxy.ts';
import type { Pickup } from '../testing/worker-protocol.ts';
import type { Times } from './breach.ts';
import { SERVED } from './channels.ts';
import { check, separate } from './checker.ts';
import { remembered } from './controls.ts';
import { performFaults, placeOf } from './faults.ts';
import { DRAIN_MS, type Fleet, openFleet } from './fleet.ts';
import { gather, strays } from './history.ts';
import { answersKept } from './in-time.ts';
import { lateWrites } from './late-writes.ts';
import { createManyTally, type ManyTally } from './many.ts';
import { type MessagePlan, planMessages } from './messages.ts';
import { type Fault, LOSS_MS, planFaults, planLosses } from './nemesis.ts';
import type { ChaosOptions } from './options.ts';
import { countOf, type Order } from './orders.ts';
import { openPlatforms, type Platforms } from './platforms.ts';
import { type Orders, openOrders } from './producer.ts';
import { leftIn, progress, settled } from './progress.ts';
import { followQueues } from './queue-events.ts';
import { replay } from './replay.ts';
import type { Findings } from './report.ts';
import { rolloutWindows } from './rollout-windows.ts';
import { openRollouts, planVersions, type Rollouts } from './rollouts.ts';
import { openStore, type Store } from './store.ts';
import { unknownRuns } from './trace.ts';

export interface ExperimentContext {
  /** Where the workers write their logs. */
  logs: string;
  tell(line: string): void;
  signal: AbortSignal;
}

interface Run {
  options: ChaosOptions;
  context: ExperimentContext;
  store: Store;
  platforms: Platforms;
  fleet: Fleet;
  orders: Orders;
  /** The producer's way to Redis. */
  enqueueing: FaultyProxy;
  rollouts: Rollouts;
  many: ManyTally;
  /** When each message was first picked up. */
  pickups: ReadonlyMap<string, number>;
  faults: Map<string, number>;
  /** What broke the promise and is of no one message. */
  complaints: string[];
  /** No worker was killed since, by the system's clock. */
  calmFrom?: number;
  /** Since the first message, milliseconds. */
  elapsed(): number;
  /** Ends early when the run is interrupted. */
  pause(ms: number): Promise<void>;
}

const TICK_MS = 200;
/** From the last message on, until every message is final: a message's life, and one recovery. */
const TAIL_MS = 240_000;

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
  const store = await openStore(systemClock);
  const proxy = await openFaultyProxy(store.server.port);
  const platforms = await openPlatforms(systemClock, options.seed);
  const many = createManyTally();
  const pickups = new Map<string, number>();
  const onPickup = (pickup: Pickup): void => {
    many.note(pickup);
    if (!pickups.has(pickup.message)) pickups.set(pickup.message, systemClock.now());
  };
  const fleet = await openFleet({
    size: options.workers,
    redisPort: store.server.port,
    logs: context.logs,
    clock: systemClock,
    onPickup,
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
  const following = followQueues(store.server.url, fleet.recovery.given);
  const orders = openOrders(`redis://127.0.0.1:${proxy.port}`, store.server.url);
  const pause = async (ms: number): Promise<void> =>
    void (await wait(ms, undefined, { signal }).catch(() => {}));
  const rollouts = openRollouts({
    ...{ platforms, signal, pause, logs: context.logs, redis: store.server.url },
    versions: planVersions(options.rollouts),
    now: () => systemClock.now(),
    left: (channel) => leftIn(store.redis, channel),
    onPickup,
  });
  const startedAt = systemClock.monotonic();
  const run: Run = {
    ...{ options, context, store, platforms, fleet, orders, rollouts, many, pickups, faults },
    ...{ enqueueing: proxy, complaints: [] },
    elapsed: () => systemClock.monotonic() - startedAt,
    pause,
  };
  try {
    await fleet.start();
    await play(run, count);
    return signal.aborted ? undefined : await findings(run);
  } finally {
    await fleet.close();
    await rollouts.close();
    following.close();
    await orders.close();
    await proxy.close();
    await platforms.close();
    await store.close();
  }
}

/** A part of the run: messages of its own, from a number on, and faults of its own. */
interface Part extends MessagePlan {
  seed: number;
  faults: readonly Fault[];
}

type Count = (kind: string, times?: number) => void;

async function play(run: Run, count: Count): Promise<void> {
  const { options, rollouts } = run;
  const telling = progress(run);
  try {
    const [main, losses] = partsOf(options);
    await rollouts.next();
    await Promise.all([playPart(run, main, count), rollOut(run, main.spanMs)]);
    await settle(run);
    if (losses.spanMs > 0 && !run.context.signal.aborted) {
      run.calmFrom = systemClock.now();
      await playPart(run, losses, count);
      await settle(run);
    }
  } finally {
    telling.stop();
  }
}

/** Messages come as fast in both. The account that is renamed by the last deployment goes by its new name from then on. */
function partsOf({ seed, ...options }: ChaosOptions): [main: Part, losses: Part] {
  const spanMs = options.minutes * 60_000;
  const lossesMs = options.losses * LOSS_MS;
  const messages = Math.round((options.messages * spanMs) / (spanMs + lossesMs));
  const renamedAfter = options.rollouts / (options.rollouts + 1);
  const movedFrom = options.rollouts > 0 ? Math.ceil(messages * renamedAfter) : Number.POSITIVE_INFINITY;
  return [
    { spanMs, messages, movedFrom, seed: seed + 1, faults: planFaults(options, seededRandom(seed)) },
    {
      ...{
        spanMs: lossesMs,
        messages: options.messages - messages,
        from: messages,
        orderly: true,
        movedFrom,
      },
      ...{ seed: seed + 2, faults: planLosses(options, seededRandom(seed + 3)) },
    },
  ];
}

async function playPart(run: Run, part: Part, count: Count): Promise<void> {
  const { context, store, platforms, fleet, orders, enqueueing, pause } = run;
  const startedAt = run.elapsed();
  const elapsed = (): number => run.elapsed() - startedAt;
  const replays = (): Promise<number> => replay(store.server.url, platforms);
  await Promise.all([
    performFaults(part.faults, {
      ...{ fleet, store, platforms, orders, enqueueing, count, replay: replays },
      ...{ clock: systemClock, pause, elapsed, signal: context.signal },
    }),
    produce(run, part, elapsed),
  ]);
}

async function settle(run: Run): Promise<void> {
  await run.orders.controller.done();
  const left = await settled(run, TAIL_MS);
  if (left > 0) run.complaints.push(`${left} jobs were still in the queues at the end`);
}

/** Each of the deployments in its time, or as soon as the one before is done. */
async function rollOut({ options, rollouts, elapsed, pause, context }: Run, spanMs: number): Promise<void> {
  const startedAt = elapsed();
  for (let number = 1; number <= options.rollouts && !context.signal.aborted; number += 1) {
    const atMs = (number / (options.rollouts + 1)) * spanMs;
    await pause(Math.max(0, startedAt + atMs - elapsed()));
    await rollouts.next();
  }
}

async function produce({ context, orders, pause }: Run, part: Part, elapsed: () => number): Promise<void> {
  const { messages, spanMs } = part;
  const plan = planMessages(part, { random: seededRandom(part.seed), clock: systemClock });
  let made = 0;
  while (made < messages && !context.signal.aborted) {
    const due = Math.min(messages, Math.ceil((elapsed() / spanMs) * messages));
    const batch: Order[] = [];
    while (made < due) {
      const order = plan.next().value as Order;
      made += countOf(order);
      batch.push(order);
    }
    if (batch.length > 0) await orders.carryOut(batch);
    await pause(TICK_MS);
  }
}

async function findings(run: Run): Promise<Findings> {
  const { options, context, store, platforms, fleet, orders, faults, elapsed } = run;
  const { acknowledged, sent } = orders;
  const { forgettings } = store;
  const histories = await gather(store.redis, platforms, {
    ...{ acknowledged, times: timesOf(sent), forgettings, pickups: run.pickups },
    controls: remembered(orders.controller.carriedOut, forgettings),
  });
  const unknown = await unknownRuns(context.logs);
  const calmFrom = run.calmFrom ?? Number.POSITIVE_INFINITY;
  const breaches = [
    ...histories.flatMap((each) => [...check(each), ...answersKept(each, calmFrom, unknown)]),
    ...rolloutWindows(histories, run.rollouts.deployed),
    ...orders.answers.wrong(forgettings),
  ];
  const unheard = orders.carriedOut - orders.acknowledged.size;
  if (unheard !== 0)
    run.complaints.push(`${unheard} orders were carried out and nobody heard what came of them`);
  const [stray] = strays(platforms);
  if (stray)
    run.complaints.push(`a platform was sent what belongs to none of its channels: ${stray.content}`);
  const finals = new Map<string, number>();
  for (const { channel, receipts } of histories) {
    for (const { id, at } of receipts) {
      const key = `${channel.name} ${id}`;
      finals.set(key, Math.min(at, finals.get(key) ?? at));
    }
  }
  return {
    seed: options.seed,
    seconds: elapsed() / 1000,
    histories,
    acknowledged: orders.acknowledged.size,
    repeated: orders.repeated,
    many: run.many.figures(),
    controls: orders.controller.carriedOut,
    faults,
    unknown,
    recovery: fleet.recovery.figures((message) => finals.get(message)),
    forgotten: store.forgotten,
    processes: { started: fleet.started, killed: fleet.killed },
    ...separate(breaches, await lateWrites(context.logs)),
    complaints: [...fleet.complaints, ...run.rollouts.complaints, ...run.complaints],
  };
}

const timesOf = (sent: Orders['sent']): Map<string, Times> =>
  new Map(
    [...sent].map(([id, { sendAt, expiresAt, onQuota }]) => [
      id,
      {
        ...(sendAt !== undefined && { sendAt: Date.parse(`${sendAt}`) }),
        ...{ expiresAt: Date.parse(`${expiresAt}`), defers: onQuota === 'defer' },
      },
    ]),
  );
