import type { Redis } from 'ioredis';
import { announcedShards } from '../redis/announced-shards.ts';
import { FOLLOWER_BLOCK_MS } from '../redis/connections.ts';
import { channelKeys } from '../redis/keys.ts';
import { channelOfStore, storeNames } from '../redis/shards.ts';
import type { Stores } from '../redis/stores.ts';
import { withTimeout } from '../timeout.ts';
import { type Beginning, FIRST, NEWEST, type Position, type Positions } from './receipt-cursor.ts';
import { newestPosition, type Page, readPage } from './receipt-pages.ts';

/** Reads the receipts of channels in all of their stores. Nobody waits for a node that is away: the others are read on. */
export interface Reading {
  /** How far each store was read. The caller moves them on. */
  readonly positions: Positions;
  /** Finds the stores, and where the reading of each begins. */
  begin(from: Beginning): Promise<void>;
  /** The next pages that have entries, of whichever stores answer; waits while none has any. Empty once it is over. */
  next(): Promise<Page[]>;
}

/** Asks until it is answered; undefined once the following is over. */
export type Ask = <T>(question: () => Promise<T>) => Promise<T | undefined>;

/** A connection, and the stores that are read on it. */
interface Line {
  client: Redis;
  stores: string[];
  /** While a question is under way: nothing else can be asked on it. A failure stays, for the one who awaits it. */
  asking?: Promise<void> | undefined;
  /** Whether an answer is waited for that may take long: it is away, or blocks until a store has something. */
  slow: boolean;
  /** What was read, and not taken yet. */
  pages: Page[];
}

/** Whoever has not answered for so long counts as away, until it does. */
const AWAY_MS = 1_000;
/** Entries of all stores that are read in one go. */
const READ = 500;

const nothing = (): void => {};

export function createReading(channels: readonly string[], stores: Stores, ask: Ask): Reading {
  const positions: Positions = new Map();
  const lines: Line[] = [];
  let looking: Promise<void> | undefined;
  let over = false;

  function add(store: string, position: Position): void {
    if (positions.has(store)) return;
    positions.set(store, position);
    const client = stores.of(store).redis;
    const line = lines.find((each) => each.client === client);
    if (line) line.stores.push(store);
    else lines.push({ client, stores: [store], slow: false, pages: [] });
  }

  /** Adds of each channel its home, and its shards once a worker has announced them. */
  function look(positionOf: Beginning['positionOf']): Promise<void> {
    looking ??= ask(() => announcedShards(stores.directory, channels)).then((shards) => {
      looking = undefined;
      if (!shards) return;
      for (const [i, channel] of channels.entries())
        for (const store of new Set([channel, ...storeNames(channel, shards[i])]))
          add(store, positionOf(store));
    });
    looking.catch(nothing);
    return looking;
  }

  function put<T>(line: Line, slow: boolean, question: () => Promise<T>, note: (answer: T) => void): void {
    line.slow = slow;
    line.asking = ask(question).then((answer) => {
      line.asking = undefined;
      line.slow = false;
      if (answer === undefined) over = true;
      else note(answer);
    });
    line.asking.catch(nothing);
  }
  const read = (line: Line): void =>
    put(
      line,
      false,
      () => readLine(line, positions),
      (pages) => {
        line.pages = pages;
      },
    );
  // All that a channel has in shards which it did not have before is new.
  const wait = (line: Line): void =>
    put(
      line,
      true,
      () => nextEntry(line, positions),
      () => void look(() => ({ id: FIRST })),
    );

  /** Waits for those that answer at once. */
  async function answers(): Promise<void> {
    const asked = lines.filter(({ slow }) => !slow);
    await withTimeout(Promise.all(asked.map(({ asking }) => asking)), AWAY_MS, nothing);
    for (const line of asked) line.slow = line.asking !== undefined;
  }

  return {
    positions,
    async begin({ positionOf, known, since }) {
      const found = look(positionOf);
      await withTimeout(found, AWAY_MS, async () => {
        if (known.length === 0) return await found;
        const own = known.filter((store) => channels.includes(channelOfStore(store)));
        for (const store of new Set([...channels, ...own])) add(store, positionOf(store));
      });
      const newest = lines.map((line) => ask(() => findNewest(line, positions)));
      await withTimeout(Promise.all(newest), AWAY_MS, nothing);
      for (const [store, position] of positions) if (position.id === NEWEST) positions.set(store, since);
    },
    async next() {
      for (;;) {
        for (const line of lines) if (!line.asking) read(line);
        await answers();
        if (over) return [];
        const found: Page[] = [];
        for (const line of lines.filter(({ asking }) => !asking)) {
          const pages = line.pages.splice(0).filter(({ entries }) => entries.length > 0);
          found.push(...pages);
          if (pages.length === 0) wait(line);
        }
        if (found.length > 0) return found;
        await Promise.race([...lines.map(({ asking }) => asking), ...(looking ? [looking] : [])]);
      }
    },
  };
}

async function readLine({ client, stores }: Line, positions: Positions): Promise<Page[]> {
  const count = Math.ceil(READ / stores.length);
  return await Promise.all(stores.map((store) => readPage(client, store, positions.get(store)!, count)));
}

async function findNewest({ client, stores }: Line, positions: Positions): Promise<void> {
  const asksFor = (store: string): boolean => positions.get(store)?.id === NEWEST;
  for (const store of stores.filter(asksFor)) {
    const newest = await newestPosition(client, store);
    // The reading may have begun without this answer.
    if (asksFor(store)) positions.set(store, newest);
  }
}

/** Resolves once a store has something after its position, or after a while. */
const nextEntry = async ({ client, stores }: Line, positions: Positions): Promise<true> => {
  const keys = stores.map((store) => channelKeys(store).receipts);
  const after = stores.map((store) => positions.get(store)!.id);
  await client.xread('COUNT', 1, 'BLOCK', FOLLOWER_BLOCK_MS, 'STREAMS', ...keys, ...after);
  return true;
};
