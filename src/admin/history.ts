import type { Installation } from '../channels/installation.ts';
import { HISTORY_TURN_KEY, historyKey } from '../redis/keys.ts';
import { storeTime } from '../redis/store-clock.ts';
import { readPace } from './pace-now.ts';
import { readStatus } from './status.ts';

/**
 * The figures of each channel over the last hour. They are in Redis and not in the memory of the process that shows them, so that they
 * survive a restart and are the same on every board.
 */

/** A channel at one instant: milliseconds since the epoch by the store's clock, and counts of messages. */
export interface HistoryPoint {
  at: number;
  deliveredPerMinute: number;
  ready: number;
  dead: number;
}

/** The time between two points. */
export const HISTORY_STEP_MS = 15_000;
const HOUR_MS = 3_600_000;
const POINTS = HOUR_MS / HISTORY_STEP_MS;
/** A history expires this long after its last point. */
const LIFE_MS = 2 * HOUR_MS;

/** Adds a point to the history of each channel, unless another process has just done so. */
export async function takePoints(at: Installation): Promise<void> {
  const { directory, channels } = at;
  const mine = await directory.set(HISTORY_TURN_KEY, '1', 'PX', HISTORY_STEP_MS - 1_000, 'NX');
  if (mine === null) return;
  const [statuses, now] = await Promise.all([readStatus(at), storeTime(directory)]);
  await Promise.all(
    statuses.map(async ({ channel, ready, queue }, i) => {
      const { deliveredPerMinute } = await readPace(channels[i]!, now);
      const key = historyKey(channel);
      const point = [now, deliveredPerMinute, ready, queue.dead ?? 0].join(' ');
      await directory
        .multi()
        .lpush(key, point)
        .ltrim(key, 0, POINTS - 1)
        .pexpire(key, LIFE_MS)
        .exec();
    }),
  );
}

/** The last hour of a channel, oldest first. */
export async function readHistory({ directory }: Installation, channel: string): Promise<HistoryPoint[]> {
  const oldest = (await storeTime(directory)) - HOUR_MS;
  const points = (await directory.lrange(historyKey(channel), 0, POINTS - 1)).map(parsePoint);
  return points.filter(({ at }) => at > oldest).reverse();
}

function parsePoint(text: string): HistoryPoint {
  const [at = 0, deliveredPerMinute = 0, ready = 0, dead = 0] = text.split(' ').map(Number);
  return { at, deliveredPerMinute, ready, dead };
}
