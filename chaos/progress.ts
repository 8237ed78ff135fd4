import { channelKey, channelKeys } from '../src/redis/keys.ts';
import { CHANNELS, type Channel, storesOf } from './channels.ts';
import type { Fleet } from './fleet.ts';
import type { Store } from './stores/store.ts';

/** How far a run is, told every few seconds, and when it is over. */
type Looking = Pick<Store, 'of'>;

interface Watched {
  store: Store;
  fleet: Fleet;
  orders: { acknowledged: ReadonlySet<string> };
  context: { tell(line: string): void; signal: AbortSignal };
  elapsed(): number;
  pause(ms: number): Promise<void>;
}

const EVERY_MS = 5_000;
const LOOK_MS = 500;

export function progress({ store, fleet, orders, context, elapsed }: Watched): { stop(): void } {
  const timer = setInterval(async () => {
    const at = `${Math.round(elapsed() / 1000)} s`.padStart(7);
    const counts = `acknowledged ${orders.acknowledged.size}, killed ${fleet.killed}`;
    if (store.away) return context.tell(`${at}  ${counts}, redis is unreachable`);
    // A store that loads or follows another has no answer.
    const counted = await count(store).catch(() => undefined);
    if (!counted) return;
    const { finals, left } = counted;
    context.tell(`${at}  ${counts}, final states ${finals}, in the queues ${left}`);
  }, EVERY_MS);
  return { stop: () => clearInterval(timer) };
}

/** Resolves when nothing is left in the queues but dead letters, or when that took too long: with how much is left. */
export async function settled(
  { store, elapsed, pause, context }: Watched,
  withinMs: number,
): Promise<number> {
  const until = elapsed() + withinMs;
  for (;;) {
    // While a replica takes over, nobody knows.
    const { left } = await count(store).catch(() => ({ left: Number.POSITIVE_INFINITY }));
    if (left === 0 || elapsed() > until || context.signal.aborted) return left;
    await pause(LOOK_MS);
  }
}

async function count(store: Looking): Promise<{ finals: number; left: number }> {
  const sums = { finals: 0, left: 0 };
  for (const channel of CHANNELS) {
    for (const name of storesOf(channel))
      sums.finals += await store.of(name).xlen(channelKeys(name).receipts);
    sums.left += await leftIn(store, channel);
  }
  return sums;
}

/** Jobs of a channel that have no end yet. */
export async function leftIn(store: Looking, channel: Channel): Promise<number> {
  const left = await Promise.all(storesOf(channel).map((name) => leftInStore(store, name)));
  return left.reduce((sum, each) => sum + each, 0);
}

async function leftInStore(store: Looking, name: string): Promise<number> {
  const redis = store.of(name);
  const key = channelKey(name);
  const lists = await Promise.all(['wait', 'paused', 'active'].map((list) => redis.llen(`${key}:${list}`)));
  const sets = await Promise.all(['delayed', 'prioritized'].map((set) => redis.zcard(`${key}:${set}`)));
  return [...lists, ...sets].reduce((sum, each) => sum + each, 0);
}
