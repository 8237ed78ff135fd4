import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '../clock.ts';
import { CHANNEL_NAME } from '../message/fields.ts';
import { connectFollower } from '../redis/connections.ts';
import { isLostConnection, isPassingRefusal, refusesLogin } from '../redis/errors.ts';
import { checkRedis, type RedisOption } from '../redis/option.ts';
import { channelOfStore } from '../redis/shards.ts';
import type { Instant } from '../time.ts';
import { type Beginning, beginningFrom, toCursor } from './cursor.ts';
import { inOrder, type Missing } from './pages.ts';
import { type Ask, createReader } from './reader.ts';
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
   * How many are missing: exactly this many (`exact`), or at least, if the position was numbered in the middle of the stream. Null
   * without a gap, and if unknown: with a cursor of an earlier version, or after Redis lost its counts.
   */
  missing: Missing | null;
}

export interface FollowReceiptsOptions {
  /**
   * A redis:// or rediss:// URL, `{ cluster: [urls] }`, `{ sentinels: [urls], name }`, or an ioredis instance, which is duplicated
   * and never closed.
   */
  redis: RedisOption;
  /** One channel or several. */
  channels: string | readonly string[];
  /**
   * `now` (when absent): what is written from the first read on. `start`: the oldest receipts that are kept. An instant, as a
   * Date or ISO text: what was written since. Or the `cursor` of the last receipt that was processed.
   */
  from?: 'now' | 'start' | Instant;
  /** Called once, with the cursor at which reading begins: a later call can resume there even if nothing was read. */
  onStart?: (cursor: string) => void;
  /** Ends the following. */
  signal?: AbortSignal;
}

interface InternalOptions extends FollowReceiptsOptions {
  /** Called whenever all that is there was read, as far as it can be, and receipts are waited for. */
  onIdle?: () => void;
}

/** `followReceipts` on a Redis that is given already, from a word or a cursor. */
export type Follow = (
  options: Omit<InternalOptions, 'redis' | 'from'> & { from: string },
) => AsyncGenerator<FollowedReceipt, void, undefined>;

/**
 * Follows the final states of messages, oldest first within a channel (across shards, as far as the clocks of their nodes agree). Waits
 * while there are none and while Redis is away; ends only with the signal, or when the loop is left. If a node of a cluster is away, its
 * receipts follow when it is back, and those of the other nodes are not held up. Delivery is at least once: after resuming from a stored
 * cursor, receipts that came after it may be seen again.
 * @throws TypeError at once for a wrong option; while reading, RedisUnreachableError for a refused login, and DatabaseRefusedError
 */
export function followReceipts(
  options: FollowReceiptsOptions,
): AsyncGenerator<FollowedReceipt, void, undefined> {
  return checked(options);
}

export const followOn =
  (redis: RedisOption): Follow =>
  (options) =>
    checked({ ...options, redis });

function checked(options: InternalOptions): AsyncGenerator<FollowedReceipt, void, undefined> {
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
  { redis, onStart, onIdle, signal }: InternalOptions,
): AsyncGenerator<FollowedReceipt, void, undefined> {
  if (signal?.aborted) return;
  const { stores, refused } = connectFollower(redis);
  const end = (): void => stores.disconnect();
  signal?.addEventListener('abort', end, { once: true });
  const over = (): boolean => signal?.aborted === true;
  const gaps = new Map<string, Missing | null>();
  const reader = createReader(channels, stores, patiently(refused, over), onIdle);
  const { positions } = reader;
  try {
    await reader.begin(beginning);
    if (!over()) onStart?.(toCursor(positions));
    while (!over()) {
      const pages = await reader.next();
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
 * Retries a question until Redis answers; undefined once following has ended.
 * @param refused rejects when retrying is pointless
 */
function patiently(refused: Promise<never>, over: () => boolean): Ask {
  const pending = new Set<(error: unknown) => void>();
  let refusal: { error: unknown } | undefined;
  refused.catch((error: unknown) => {
    refusal = { error };
    for (const reject of pending) reject(error);
  });
  // Not Promise.race with `refused`: it would retain something of every question for as long as the follower lives.
  const unlessRefused = <T>(answer: Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      if (refusal) reject(refusal.error);
      pending.add(reject);
      answer.then(resolve, reject).finally(() => pending.delete(reject));
    });
  return async (question) => {
    for (;;) {
      try {
        return await unlessRefused(question());
      } catch (error) {
        if (over()) return undefined;
        if (!passes(error)) throw error;
        await pause(AGAIN_MS);
      }
    }
  };
}
