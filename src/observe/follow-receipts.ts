import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { CHANNEL_NAME } from '../message/fields.ts';
import { connectFollower, FOLLOWER_BLOCK_MS } from '../redis/connections.ts';
import { isLostConnection, isPassingRefusal, refusesLogin } from '../redis/errors.ts';
import { channelKeys } from '../redis/keys.ts';
import { checkRedis, type RedisOption } from '../redis/option.ts';
import type { Stores } from '../redis/stores.ts';
import type { Instant } from '../time.ts';
import { NEWEST, type Positions, positionsFrom, toCursor, wasRead } from './receipt-cursor.ts';
import { type Entry, parseEntry, type Receipt } from './receipts.ts';

export interface FollowedReceipt extends Receipt {
  channel: string;
  /** The position after this receipt, in all channels that are followed: the `from` of a later call. */
  cursor: string;
  /**
   * Receipts of this channel, between the last one that was read and this one, may have gone unread: the cap of the stream
   * (`receipts.keep`) cut them, or Redis lost them.
   */
  gap: boolean;
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
 * Follows the final states of messages, oldest first within a channel. Waits while there are none and while Redis is away, and
 * ends only with the signal, or when the loop is left. At least once: a follower that resumes from a stored cursor may see again what
 * came after it was stored.
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
  return follow(positionsFrom(from, names), options);
}

async function* follow(
  positions: Positions,
  { redis, onStart, signal }: FollowReceiptsOptions,
): AsyncGenerator<FollowedReceipt, void, undefined> {
  if (signal?.aborted) return;
  const { stores, refused } = connectFollower(redis);
  const end = (): void => stores.disconnect();
  signal?.addEventListener('abort', end, { once: true });
  const over = (): boolean => signal?.aborted === true;
  const ask = patiently(refused, over);
  const gaps = new Set<string>();
  const lines = linesOf(positions, stores);
  try {
    for (const line of lines) await ask(() => findNewest(line, positions));
    if (!over()) onStart?.(toCursor(positions));
    while (!over()) {
      for (const line of lines.filter(({ waiting }) => !waiting)) {
        let idle = true;
        for (const channel of line.channels) {
          const page = await ask(() => readPage(line.client, channel, positions.get(channel)!));
          if (!page) return;
          if (page.gap) gaps.add(channel);
          for (const entry of page.entries) {
            if (over()) return;
            positions.set(channel, entry[0]);
            const receipt = parseEntry(entry);
            if (receipt)
              yield { ...receipt, channel, cursor: toCursor(positions), gap: gaps.delete(channel) };
          }
          if (page.entries.length > 0) idle = false;
        }
        if (idle) wait(line, () => ask(() => nextEntry(line, positions)));
      }
      if (lines.every(({ waiting }) => waiting)) await Promise.race(lines.map(({ waiting }) => waiting));
    }
  } finally {
    signal?.removeEventListener('abort', end);
    stores.disconnect();
  }
}

/** A connection, and the channels that are read on it. */
interface Line {
  client: Redis;
  channels: string[];
  /** While it blocks until a channel has something: nothing else can be read on it. */
  waiting?: Promise<void> | undefined;
}

function linesOf(positions: Positions, stores: Stores): Line[] {
  const lines = new Map<Redis, Line>();
  for (const channel of positions.keys()) {
    const client = stores.of(channel).redis;
    const line = lines.get(client) ?? { client, channels: [] };
    line.channels.push(channel);
    lines.set(client, line);
  }
  return [...lines.values()];
}

/** A failure stays, for the one who awaits the lines. */
function wait(line: Line, ask: () => Promise<unknown>): void {
  line.waiting = ask().then(() => {
    line.waiting = undefined;
  });
  line.waiting.catch(() => {});
}

const PAGE = 500;

interface Page {
  entries: Entry[];
  gap: boolean;
}

/** What follows a position. Where the entry that was read last is gone, what followed it may be gone as well. */
async function readPage(client: Redis, channel: string, position: string): Promise<Page> {
  const key = channelKeys(channel).receipts;
  if (!wasRead(position))
    return { entries: await client.xrange(key, `(${position}`, '+', 'COUNT', PAGE), gap: false };
  const [first, ...rest]: Entry[] = await client.xrange(key, position, '+', 'COUNT', PAGE + 1);
  if (first === undefined || first[0] === position) return { entries: rest, gap: false };
  return { entries: [first, ...rest], gap: true };
}

async function findNewest({ client, channels }: Line, positions: Positions): Promise<void> {
  for (const channel of channels) {
    if (positions.get(channel) !== NEWEST) continue;
    const [last] = await client.xrevrange(channelKeys(channel).receipts, '+', '-', 'COUNT', 1);
    positions.set(channel, last?.[0] ?? '0-0');
  }
}

/** Resolves once a channel has something after its position, or after a while. */
const nextEntry = async ({ client, channels }: Line, positions: Positions): Promise<void> => {
  const keys = channels.map((channel) => channelKeys(channel).receipts);
  const after = channels.map((channel) => positions.get(channel)!);
  await client.xread('COUNT', 1, 'BLOCK', FOLLOWER_BLOCK_MS, 'STREAMS', ...keys, ...after);
};

const AGAIN_MS = 250;

/** A login that is refused at the start fails at once; later, a password may be changed on both sides. */
const passes = (error: unknown): boolean =>
  isLostConnection(error) || isPassingRefusal(error) || (error instanceof Error && refusesLogin(error));

/**
 * Asks Redis until it answers; undefined once the following is over.
 * @param refused ends the patience
 */
function patiently(refused: Promise<never>, over: () => boolean) {
  return async <T>(question: () => Promise<T>): Promise<T | undefined> => {
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
