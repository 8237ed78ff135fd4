import type { Clock } from '../../src/clock.ts';
import type { ClusterNode } from '../../testing/cluster-node.ts';
import type { RedisCluster } from '../../testing/own-cluster.ts';
import type { Failover } from '../failovers.ts';
import type { Acts, ClusterFault } from '../nemesis.ts';
import { persistently } from '../persistently.ts';
import { commandsIn, lostWrites, markStream, type StreamMark } from './append-only.ts';
import type { Canary } from './canaries.ts';
import type { StoreActDeps } from './store.ts';

/** What the acts have in hand. */
export interface ClusterState {
  readonly cluster: RedisCluster;
  readonly canaries: readonly Canary[];
  readonly clock: Pick<Clock, 'now'>;
  /** Stores whose slots are moved, and whose channels are away with their master: store's name → channel. */
  readonly stores: ReadonlyMap<string, string>;
  readonly failovers: Failover[];
}

/** A frozen master is replaced after its node timeout and an election; one that thaws sooner goes on. */
export const REPLACED_AFTER_MS = 6_000;
/** Clients try to connect again every second, and ask the nodes whom to. */
const FOUND_WITHIN_MS = 2_000;
const KEYS_A_STEP = 200;
const STEP_MS = 20;

/** One after the other, each on a cluster that has recovered from the one before: two at once may end it for good. */
export function clusterActs(state: ClusterState, deps: StoreActDeps): Acts<ClusterFault> {
  let last: Promise<void> = Promise.resolve();
  const inTurn = (act: () => Promise<void>): Promise<void> => {
    last = last.then(async () => {
      if (deps.signal.aborted) return;
      await state.cluster.whole();
      await act();
    });
    return last;
  };
  const canaryOf = (number: number): Canary => state.canaries[number % state.canaries.length]!;
  return {
    master_kill: ({ worker, ...fault }) => inTurn(() => killMaster(state, canaryOf(worker), fault, deps)),
    master_freeze: ({ worker, forMs }) => inTurn(() => freezeMaster(state, canaryOf(worker), forMs, deps)),
    handover: ({ worker }) => inTurn(() => handOver(state, canaryOf(worker), deps)),
    slot_move: ({ worker, forMs }) => inTurn(() => moveSlot(state, worker, forMs, deps)),
  };
}

interface Kill {
  /** The replica gets nothing for so long before. */
  lagMs: number;
  awayMs: number;
}

async function killMaster(
  state: ClusterState,
  canary: Canary,
  { lagMs, awayMs }: Kill,
  { count, pause, fleet }: StoreActDeps,
): Promise<void> {
  const { cluster, clock } = state;
  const before = await standing(state, canary);
  const { master, replica } = before;
  count(lagMs > 0 ? 'master killed, whose replica lagged' : 'master killed');
  if (lagMs > 0) {
    await cutOff(replica, master);
    await pause(lagMs);
  }
  canary.hush();
  const from = clock.now();
  await master.kill();
  const at = clock.now();
  const next = await cluster.failedOver(canary.key, master);
  if (lagMs > 0) await persistently(() => replica.redis.config('SET', 'masterauth', ''));
  const away = { from, to: clock.now() };
  await note(state, { ...before, of: 'killed', next, away, at }, canary);
  for (const channel of before.channels) fleet.recovery.away(from, away.to + FOUND_WITHIN_MS, channel);
  await pause(awayMs);
  await master.restart();
}

/** Its master refuses it from now on: what it has got, it has, and a socket's buffer holds nothing more for it. */
async function cutOff(replica: ClusterNode, master: ClusterNode): Promise<void> {
  await persistently(() => replica.redis.config('SET', 'masterauth', 'wrong'));
  await persistently(() => master.redis.call('CLIENT', 'KILL', 'TYPE', 'replica'));
}

async function freezeMaster(
  state: ClusterState,
  canary: Canary,
  forMs: number,
  { count, pause, fleet }: StoreActDeps,
): Promise<void> {
  const { cluster, clock } = state;
  const before = await standing(state, canary);
  const { master, channels } = before;
  canary.hush();
  const from = clock.now();
  await master.freeze();
  const next = forMs >= REPLACED_AFTER_MS ? await cluster.failedOver(canary.key, master) : master;
  const servedAt = clock.now();
  await pause(Math.max(0, forMs - (servedAt - from)));
  await master.thaw();
  const thawedAt = clock.now();
  const away = { from, to: next === master ? thawedAt : servedAt };
  // Whoever waits for its answer learns only now that it was replaced.
  for (const channel of channels) fleet.recovery.away(from, thawedAt + FOUND_WITHIN_MS, channel);
  count(next === master ? 'master frozen' : 'master frozen until it was replaced');
  // Until it has learned that it was replaced, it may take writes.
  await cluster.whole();
  if (next === master) canary.sing(master);
  else await note(state, { ...before, of: 'frozen', next, away, at: clock.now() }, canary);
}

/** As an operator does before maintenance: nothing is lost. */
async function handOver(
  { cluster }: ClusterState,
  canary: Canary,
  { count }: Pick<StoreActDeps, 'count'>,
): Promise<void> {
  const master = await cluster.masterOf(canary.key);
  const [replica] = await cluster.replicasOf(master);
  canary.hush();
  await cluster.promote(replica!);
  canary.sing(replica!);
  count('master handed over to its replica');
}

/** To the next master, in steps, so that its scripts meet it half moved. */
async function moveSlot(
  { cluster, stores, clock }: ClusterState,
  number: number,
  forMs: number,
  { count, pause, fleet }: StoreActDeps,
): Promise<void> {
  const names = [...stores.keys()];
  const store = names[number % names.length]!;
  const from = clock.now();
  const master = await cluster.masterOf(`{${store}}`);
  const masters = await cluster.masters();
  const to = masters[(masters.indexOf(master) + 1) % masters.length]!;
  const move = await cluster.beginMove(`{${store}}`, to);
  let moved = 0;
  while (clock.now() - from < forMs) {
    moved += await move.keys(KEYS_A_STEP);
    await pause(STEP_MS);
  }
  moved += await move.finish();
  fleet.recovery.away(from, clock.now(), stores.get(store));
  count('slot of a channel moved to another master');
  count('keys moved with them', moved);
}

interface Standing {
  master: ClusterNode;
  replica: ClusterNode;
  channels: string[];
  mark: StreamMark;
}

async function standing({ cluster, stores }: ClusterState, { key }: Canary): Promise<Standing> {
  const master = await cluster.masterOf(key);
  const [replica] = await cluster.replicasOf(master);
  const channels = new Set<string>();
  for (const [store, channel] of stores)
    if ((await cluster.masterOf(`{${store}}`)) === master) channels.add(channel);
  return { master, replica: replica!, channels: [...channels], mark: await markStream(master) };
}

type Seen = Standing & Pick<Failover, 'of' | 'away' | 'at'> & { next: ClusterNode };

/** Transactions and their ends are no writes by themselves. */
const FRAMES = new Set(['multi', 'exec', 'select', 'ping']);

async function note(
  { failovers }: ClusterState,
  { next, mark, of, channels, away, at }: Seen,
  canary: Canary,
): Promise<void> {
  const lost = await lostWrites(mark, next);
  const writes = commandsIn(lost).filter(
    ([command = '', key]) => !FRAMES.has(command.toLowerCase()) && key !== canary.key,
  );
  failovers.push({
    ...{ of, channels, away, at, writes, bytes: lost.length },
    from: await canary.known(next),
  });
  canary.sing(next);
}
