import { channelKey } from '../src/redis/keys.ts';
import { CHANNELS, type Channel, storesOf } from './channels.ts';
import type { Store } from './stores/store.ts';

/** What the queues still hold. */
type Looking = Pick<Store, 'of'>;

const LISTS = ['wait', 'paused', 'active'] as const;
const SETS = ['delayed', 'prioritized'] as const;
/** A delayed job's score is its instant times this, plus a number. */
const SCORE_OF_MS = 4_096;

/** Jobs of a channel that have no end yet. */
export async function leftIn(store: Looking, channel: Channel): Promise<number> {
  const left = await Promise.all(storesOf(channel).map((name) => countsOf(store, name)));
  return left.flatMap((counts) => counts.map(([, count]) => count)).reduce((sum, each) => sum + each, 0);
}

/** Where jobs are left, and what holds them there: `staff: 230 wait, its queue is paused`. */
export async function whatIsLeft(store: Looking, now: number): Promise<string[]> {
  const stores = CHANNELS.flatMap(storesOf);
  const lines = await Promise.all(
    stores.map(async (name) => {
      const counts = (await countsOf(store, name)).filter(([, count]) => count > 0);
      if (counts.length === 0) return [];
      const told = counts.map(([list, count]) => `${count} ${list}`).join(', ');
      return [`${name}: ${told}${await holdOf(store, name, now)}`];
    }),
  );
  return lines.flat();
}

async function countsOf(store: Looking, name: string): Promise<[list: string, count: number][]> {
  const redis = store.of(name);
  const key = channelKey(name);
  return await Promise.all([
    ...LISTS.map(async (list): Promise<[string, number]> => [list, await redis.llen(`${key}:${list}`)]),
    ...SETS.map(async (set): Promise<[string, number]> => [set, await redis.zcard(`${key}:${set}`)]),
  ]);
}

async function holdOf(store: Looking, name: string, now: number): Promise<string> {
  const redis = store.of(name);
  const key = channelKey(name);
  const [, score] = await redis.zrange(`${key}:delayed`, '0', '0', 'WITHSCORES');
  const inMs = score === undefined ? undefined : Number(score) / SCORE_OF_MS - now;
  const due = inMs === undefined ? '' : `, the first of the delayed in ${Math.round(inMs / 1_000)} s`;
  return (await redis.hexists(`${key}:meta`, 'paused')) ? `${due}, its queue is paused` : due;
}
