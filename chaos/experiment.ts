import { setTimeout as wait } from 'node:timers/promises';
import { systemClock } from '../src/clock.ts';
import { seededRandom } from '../src/sandbox/seeded-random.ts';
import { gather, strays } from './evidence.ts';
import { PLACE_OF, performFaults } from './faults.ts';
import { DRAIN_MS, type Fleet, openFleet } from './fleet.ts';
import { unknownRuns } from './history.ts';
import { judge, separate } from './judge.ts';
import { lateWrites } from './late-writes.ts';
import { openLine } from './line.ts';
import { planMessages } from './messages.ts';
import type { ChaosOptions } from './options.ts';
import { planFaults } from './plan.ts';
import { type Orders, openOrders } from './producer.ts';
import { progress, settled } from './progress.ts';
import { followQueues } from './queue-events.ts';
import { replay } from './replay.ts';
import type { Findings } from './report.ts';
import { openPlatforms, type Platforms } from './stage.ts';
import { openStore, type Store } from './store.ts';

export interface ExperimentContext {
  /** Where the workers write their logs. */
  logs: string;
  tell(line: string): void;
  signal: AbortSignal;
}

interface Scene {
  options: ChaosOptions;
  context: ExperimentContext;
  store: Store;
  platforms: Platforms;
  fleet: Fleet;
  orders: Orders;
  faults: Map<string, number>;
  /** What broke the promise and is of no one message. */
  complaints: string[];
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
  const line = await openLine(store.server.port);
  const platforms = await openPlatforms(systemClock, options.seed);
  const fleet = await openFleet({
    size: options.workers,
    redisPort: store.server.port,
    logs: context.logs,
    clock: systemClock,
    onAmbush: (step, does) =>
      count(does === 'die' ? `kill -9 ${PLACE_OF[step]}` : `event loop blocked ${PLACE_OF[step]}`),
    config: (redis) => ({
      redis,
      http: false,
      drainTimeout: `${DRAIN_MS}ms`,
      receipts: { keep: 100_000_000 },
      channels: platforms.channels(),
    }),
  });
  const following = followQueues(store.server.url, fleet.recovery.given);
  const orders = openOrders(`redis://127.0.0.1:${line.port}`, store.server.url);
  const startedAt = systemClock.monotonic();
  const scene: Scene = {
    ...{ options, context, store, platforms, fleet, orders, faults, complaints: [] },
    elapsed: () => systemClock.monotonic() - startedAt,
    pause: async (ms) => void (await wait(ms, undefined, { signal }).catch(() => {})),
  };
  try {
    await fleet.start();
    await play(scene, count);
    return signal.aborted ? undefined : await findings(scene);
  } finally {
    await fleet.close();
    following.close();
    await orders.close();
    await line.close();
    await platforms.close();
    await store.close();
  }
}

async function play(scene: Scene, count: (kind: string, times?: number) => void): Promise<void> {
  const { options, context, store, platforms, fleet, elapsed, pause } = scene;
  const { signal } = context;
  const telling = progress(scene);
  try {
    const plan = planFaults(options, seededRandom(options.seed));
    const replays = (): Promise<number> => replay(store.server.url, platforms);
    await Promise.all([
      performFaults(plan, { fleet, store, platforms, count, replay: replays, pause, elapsed, signal }),
      produce(scene),
    ]);
    const left = await settled(scene, TAIL_MS);
    if (left > 0) scene.complaints.push(`${left} jobs were still in the queues at the end`);
  } finally {
    telling.stop();
  }
}

async function produce({ options, context, orders, elapsed, pause }: Scene): Promise<void> {
  const spanMs = options.minutes * 60_000;
  const random = seededRandom(options.seed + 1);
  const plan = planMessages({ messages: options.messages, spanMs }, { random, clock: systemClock });
  let made = 0;
  while (made < options.messages && !context.signal.aborted) {
    const due = Math.min(options.messages, Math.ceil((elapsed() / spanMs) * options.messages));
    const batch = Array.from({ length: due - made }, () => plan.next().value).filter((order) => !!order);
    made = due;
    if (batch.length > 0) await orders.carryOut(batch);
    await pause(TICK_MS);
  }
}

async function findings(scene: Scene): Promise<Findings> {
  const { options, context, store, platforms, fleet, orders, faults, elapsed } = scene;
  const evidence = await gather(store.redis, platforms, orders.acknowledged);
  const unheard = orders.carriedOut - orders.acknowledged.size;
  if (unheard !== 0)
    scene.complaints.push(`${unheard} orders were carried out and nobody heard what came of them`);
  const [stray] = strays(platforms);
  if (stray)
    scene.complaints.push(`a platform was sent what belongs to none of its channels: ${stray.content}`);
  const finals = new Map<string, number>();
  for (const { lane, receipts } of evidence) {
    for (const { id, at } of receipts) {
      const key = `${lane.name} ${id}`;
      finals.set(key, Math.min(at, finals.get(key) ?? at));
    }
  }
  return {
    seed: options.seed,
    seconds: elapsed() / 1000,
    evidence,
    acknowledged: orders.acknowledged.size,
    repeated: orders.repeated,
    faults,
    unknown: await unknownRuns(context.logs),
    recovery: fleet.recovery.figures((message) => finals.get(message)),
    forgotten: store.forgotten,
    processes: { started: fleet.started, killed: fleet.killed },
    ...separate(evidence.flatMap(judge), await lateWrites(context.logs)),
    complaints: [...fleet.complaints, ...scene.complaints],
  };
}
