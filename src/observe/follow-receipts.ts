import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { CHANNEL_NAME } from '../message/fields.ts';
import { announcedShards } from '../redis/announced-shards.ts';
import { connectFollower, FOLLOWER_BLOCK_MS } from '../redis/connections.ts';
import { isLostConnection, isPassingRefusal, refusesLogin } from '../redis/errors.ts';
import { channelKeys } from '../redis/keys.ts';
import { checkRedis, type RedisOption } from '../redis/option.ts';
import { channelOfStore, storeNames } from '../redis/shards.ts';
import type { Stores } from '../redis/stores.ts';
import type { Instant } from '../time.ts';
import { FIRST, NEWEST, type Position, type Positions, positionFrom, toCursor } from './receipt-cursor.ts';
import { type Missing, newestPosition, type Page, type RankedEntry, readPage } from './receipt-pages.ts';
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
 * Follows the final states of messages, oldest first within a channel (over shards, as far as the clocks of their nodes agree). Waits while there are none and while Redis is away, and
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
  return follow(names, positionFrom(from), options);
}

async function* follow(
  channels: readonly string[],
  positionOf: (store: string) => Position,
  { redis, onStart, signal }: FollowReceiptsOptions,
): AsyncGenerator<FollowedReceipt, void, undefined> {
  if (signal?.aborted) return;
  const { stores, refused } = connectFollower(redis);
  const end = (): void => stores.disconnect();
  signal?.addEventListener('abort', end, { once: true });
  const over = (): boolean => signal?.aborted === true;
  const ask = patiently(refused, over);
  const gaps = new Map<string, Missing | null>();
  const reading = createReading(channels, stores);
  const { positions, lines } = reading;
  try {
    await ask(() => reading.lookForShards(positionOf));
    for (const line of lines) await ask(() => findNewest(line, positions));
    if (!over()) onStart?.(toCursor(positions));
    while (!over()) {
      const pages: Page[] = [];
      for (const line of lines.filter(({ waiting }) => !waiting)) {
        const read = await ask(() => readLine(line, positions));
        if (!read) return;
        pages.push(...read);
        if (read.every(({ entries }) => entries.length === 0))
          wait(line, () => ask(() => nextEntry(line, positions)));
      }
      for (const { store, gap, missing } of pages) if (gap) gaps.set(store, missing);
      for (const { store, entry, rank } of inOrder(pages)) {
        if (over()) return;
        positions.set(store, { id: entry[0], rank });
        const receipt = parseEntry(entry);
        if (!receipt) continue;
        const [channel, missing] = [channelOfStore(store), gaps.get(store) ?? null];
        yield { ...receipt, channel, cursor: toCursor(positions), gap: gaps.delete(store), missing };
      }
      if (!lines.every(({ waiting }) => waiting)) continue;
      await Promise.race(lines.map(({ waiting }) => waiting));
      // All that a channel has in shards which it did not have before is new.
      await ask(() => reading.lookForShards(() => ({ id: FIRST })));
    }
  } finally {
    signal?.removeEventListener('abort', end);
    stores.disconnect();
  }
}

/** A connection, and the stores that are read on it. */
interface Line {
  client: Redis;
  stores: string[];
  /** While it blocks until a store has something: nothing else can be read on it. */
  waiting?: Promise<void> | undefined;
}

interface Reading {
  positions: Positions;
  lines: Line[];
  /** Adds the stores that are not read yet. */
  lookForShards(positionOf: (store: string) => Position): Promise<void>;
}

/** What is read: of each channel its home, and its shards once a worker has announced them. */
function createReading(channels: readonly string[], stores: Stores): Reading {
  const positions: Positions = new Map();
  const lines: Line[] = [];

  function add(store: string, position: Position): void {
    positions.set(store, position);
    const client = stores.of(store).redis;
    const line = lines.find((each) => each.client === client);
    if (line) line.stores.push(store);
    else lines.push({ client, stores: [store] });
  }

  return {
    positions,
    lines,
    async lookForShards(positionOf) {
      const shards = await announcedShards(stores.directory, channels);
      for (const [i, channel] of channels.entries())
        for (const store of new Set([channel, ...storeNames(channel, shards[i])]))
          if (!positions.has(store)) add(store, positionOf(store));
    },
  };
}

/** A failure stays, for the one who awaits the lines. */
function wait(line: Line, ask: () => Promise<unknown>): void {
  line.waiting = ask().then(() => {
    line.waiting = undefined;
  });
  line.waiting.catch(() => {});
}

/** Entries of all stores that are read in one go. */
const READ = 500;

async function readLine({ client, stores }: Line, positions: Positions): Promise<Page[]> {
  const count = Math.ceil(READ / stores.length);
  return await Promise.all(stores.map((store) => readPage(client, store, positions.get(store)!, count)));
}

/** By their instants, as far as no store may have an earlier one that was not read yet: the others are read again. */
function inOrder(pages: readonly Page[]): RankedEntry[] {
  const ends = pages.filter(({ full }) => full).map(({ entries }) => instantOf(entries.at(-1)!));
  const end = Math.min(...ends);
  const all = pages.flatMap(({ entries }) => entries);
  if (pages.length === 1) return all;
  const read = all.filter((each) => instantOf(each) <= end);
  return read.sort((a, b) => instantOf(a) - instantOf(b));
}

/** Entries of one store and millisecond keep their order: the sort is stable. */
const instantOf = ({ entry: [id] }: RankedEntry): number => Number.parseInt(id, 10);

async function findNewest({ client, stores }: Line, positions: Positions): Promise<void> {
  for (const store of stores)
    if (positions.get(store)?.id === NEWEST) positions.set(store, await newestPosition(client, store));
}

/** Resolves once a store has something after its position, or after a while. */
const nextEntry = async ({ client, stores }: Line, positions: Positions): Promise<void> => {
  const keys = stores.map((store) => channelKeys(store).receipts);
  const after = stores.map((store) => positions.get(store)!.id);
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
