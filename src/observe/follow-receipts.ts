import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '../clock.ts';
import { CHANNEL_NAME } from '../message/fields.ts';
import { connectFollower } from '../redis/connections.ts';
import { isLostConnection, isPassingRefusal, refusesLogin } from '../redis/errors.ts';
import { checkRedis, type RedisOption } from '../redis/option.ts';
import { channelOfStore } from '../redis/shards.ts';
import type { Instant } from '../time.ts';
import { type Beginning, beginningFrom, toCursor } from './receipt-cursor.ts';
import { inOrder, type Missing } from './receipt-pages.ts';
import { type Ask, createReading } from './receipt-reading.ts';
import { parseEntry, type Receipt } from './receipts.ts';

export interface FollowedReceipt extends Receipt {
  channel: string;
  /** The position after this receipt, in all channels that are followed: the `from` of a later call. */
  cursor: string;
  /**
   * Receipts of this channel, between the last one that was read and this one, may have gone unread: the cap of the stream
   * (`receipts.keep`) cut them, or Redis lost them.
   */
  gap: boolean;
  /**
   * How many these are: `exact`, or at least so many where the position was in the middle of the stream when it was numbered. Null
   * without a gap, and where nobody can tell: with a cursor of an earlier version, or after Redis lost what it had counted.
   */
  missing: Missing | null;
}

export interface FollowReceiptsOptions {
  /** A redis:// or rediss:// URL, or an ioredis instance, which is duplicated and never closed. */
  redis: RedisOption;
  /** One channel or several. */
  channels: string | readonly string[];
  /**
   * `now` (when absent): what is written from the first read on. `start`: the oldest receipts that are kept. An instant, as a
   * Date or ISO text: what was written since. Or the `cursor` of the last receipt that was worked through.
   */
  from?: 'now' | 'start' | Instant;
  /** Called once, with the cursor from which it follows: where nothing is read, a later call goes on there. */
  onStart?: (cursor: string) => void;
  /** Ends the following. */
  signal?: AbortSignal;
}

/**
 * Follows the final states of messages, oldest first within a channel (over shards, as far as the clocks of their nodes agree). Waits
 * while there are none and while Redis is away, and ends only with the signal, or when the loop is left. What a node of a cluster has that is
 * away comes when it is back, and what the others have is not held up by it. At least once: a follower that resumes from a stored
 * cursor may see again what came after it was stored.
 * @throws TypeError at once for a wrong option; while it is read, RedisUnreachableError for a login that is refused and
 *   DatabaseRefusedError
 */
export function followReceipts(
  options: FollowReceiptsOptions,
): AsyncGenerator<FollowedReceipt, void, undefined> {
  const { redis, channels, from = 'now' } = options;
  checkRedis(redis);
  const names = typeof channels === 'string' ? [channels] : [...channels];
  const bad = names.find((name) => !CHANNEL_NAME.test(name));
  if (bad !== undefined || names.length === 0)
    throw new TypeError(`channels: expected channel names, got ${JSON.stringify(bad ?? channels)}`);
  return follow(names, beginningFrom(from, systemClock), options);
}

async function* follow(
  channels: readonly string[],
  beginning: Beginning,
  { redis, onStart, signal }: FollowReceiptsOptions,
): AsyncGenerator<FollowedReceipt, void, undefined> {
  if (signal?.aborted) return;
  const { stores, refused } = connectFollower(redis);
  const end = (): void => stores.disconnect();
  signal?.addEventListener('abort', end, { once: true });
  const over = (): boolean => signal?.aborted === true;
  const gaps = new Map<string, Missing | null>();
  const reading = createReading(channels, stores, patiently(refused, over));
  const { positions } = reading;
  try {
    await reading.begin(beginning);
    if (!over()) onStart?.(toCursor(positions));
    while (!over()) {
      const pages = await reading.next();
      for (const { store, gap, missing } of pages) if (gap) gaps.set(store, missing);
      for (const { store, entry, rank } of inOrder(pages)) {
        if (over()) return;
        positions.set(store, { id: entry[0], rank });
        const receipt = parseEntry(entry);
        if (!receipt) continue;
        const [channel, missing] = [channelOfStore(store), gaps.get(store) ?? null];
        yield { ...receipt, channel, cursor: toCursor(positions), gap: gaps.delete(store), missing };
      }
    }
  } finally {
    signal?.removeEventListener('abort', end);
    stores.disconnect();
  }
}

const AGAIN_MS = 250;

/** A login that is refused at the start fails at once; later, a password may be changed on both sides. */
const passes = (error: unknown): boolean =>
  isLostConnection(error) || isPassingRefusal(error) || (error instanceof Error && refusesLogin(error));

/**
 * Asks Redis until it answers; undefined once the following is over.
 * @param refused ends the patience
 */
function patiently(refused: Promise<never>, over: () => boolean): Ask {
  return async (question) => {
    for (;;) {
      try {
        return await Promise.race([question(), refused]);
      } catch (error) {
        if (over()) return undefined;
        if (!passes(error)) throw error;
        await pause(AGAIN_MS);
      }
    }
  };
}
