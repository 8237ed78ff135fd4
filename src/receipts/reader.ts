import type { Redis } from 'ioredis';
import { announcedShards } from '../redis/announced-shards.ts';
import { FOLLOWER_BLOCK_MS } from '../redis/connections.ts';
import { channelKeys } from '../redis/keys.ts';
import { channelOfStore, storeNames } from '../redis/shards.ts';
import type { Stores } from '../redis/stores.ts';
import { withTimeout } from '../timeout.ts';
import { type Beginning, FIRST, NEWEST, type Position, type Positions } from './cursor.ts';
import { newestPosition, type Page, readPage } from './pages.ts';

/** Reads the receipts of channels from all of their stores. While a node is away, the others are read on. */
export interface Reader {
  /** The position in each store. The caller advances them. */
  readonly positions: Positions;
  /** Finds the stores, and the position at which each begins. */
  begin(from: Beginning): Promise<void>;
  /** The next pages with entries, from whichever stores answer; waits while there are none. Empty once following has ended. */
  next(): Promise<Page[]>;
}

/** Retries a question until it is answered; undefined once following has ended. */
export type Ask = <T>(question: () => Promise<T>) => Promise<T | undefined>;

/** A connection, and the stores that are read through it. */
interface Connection {
  client: Redis;
  stores: string[];
  /** Set while a question is unanswered: only one is asked at a time. A failure stays, for whoever awaits it. */
  asking?: Promise<void> | undefined;
  /** Whether the answer may take long: the node is away, or the command blocks until a store has an entry. */
  slow: boolean;
  /** Pages that were read and not taken yet. */
  pages: Page[];
}

/** A node that has not answered for this long counts as away, until it does. */
const AWAY_MS = 1_000;
/** How many entries are read at a time, over all stores of a connection. */
const READ = 500;

const nothing = (): void => {};

/** @param onIdle called whenever `next` begins to wait */
export function createReader(
  channels: readonly string[],
  stores: Stores,
  ask: Ask,
  onIdle: () => void = nothing,
): Reader {
  const positions: Positions = new Map();
  const connections: Connection[] = [];
  let finding: Promise<void> | undefined;
  let over = false;
  let failure: { error: unknown } | undefined;
  let wake = nothing;

  /** Wakes `next` at the end of the work. Not Promise.race: it would retain something of every wait while a node is away. */
  function watch(work: Promise<void>): void {
    work.then(
      () => wake(),
      (error: unknown) => {
        failure ??= { error };
        wake();
      },
    );
  }
  const anyAnswer = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
    });

  function add(store: string, position: Position): void {
    if (positions.has(store)) return;
    positions.set(store, position);
    const client = stores.of(store).redis;
    const connection = connections.find((each) => each.client === client);
    if (connection) connection.stores.push(store);
    else connections.push({ client, stores: [store], slow: false, pages: [] });
  }

  /** Adds the home of each channel, and its shards once a worker has announced them. */
  function findStores(positionOf: Beginning['positionOf']): Promise<void> {
    if (finding) return finding;
    finding = ask(() => announcedShards(stores.directory, channels)).then((shards) => {
      finding = undefined;
      if (!shards) return;
      for (const [i, channel] of channels.entries())
        for (const store of new Set([channel, ...storeNames(channel, shards[i])]))
          add(store, positionOf(store));
    });
    watch(finding);
    return finding;
  }

  function put<T>(
    connection: Connection,
    slow: boolean,
    question: () => Promise<T>,
    note: (answer: T) => void,
  ): void {
    connection.slow = slow;
    connection.asking = ask(question).then((answer) => {
      connection.asking = undefined;
      connection.slow = false;
      if (answer === undefined) over = true;
      else note(answer);
    });
    watch(connection.asking);
  }
  const read = (connection: Connection): void =>
    put(
      connection,
      false,
      () => readPages(connection, positions),
      (pages) => {
        connection.pages = pages;
      },
    );
  // Everything in shards that were just announced is new.
  const wait = (connection: Connection): void =>
    put(
      connection,
      true,
      () => nextEntry(connection, positions),
      () => void findStores(() => ({ id: FIRST })),
    );

  /** Waits for the connections that should answer at once; one that does not is then slow. */
  async function answers(): Promise<void> {
    const asked = connections.filter(({ slow }) => !slow);
    await withTimeout(Promise.all(asked.map(({ asking }) => asking)), AWAY_MS, nothing);
    for (const connection of asked) connection.slow = connection.asking !== undefined;
  }

  return {
    positions,
    async begin({ positionOf, known, since }) {
      const found = findStores(positionOf);
      await withTimeout(found, AWAY_MS, async () => {
        if (known.length === 0) return await found;
        for (const channel of channels) add(channel, positionOf(channel));
      });
      // Also those that are not announced now: their channel may have had more shards, or its announcement may be lost.
      const own = known.filter((store) => channels.includes(channelOfStore(store)));
      for (const store of own) add(store, positionOf(store));
      const newest = connections.map((connection) => ask(() => findNewest(connection, positions)));
      await withTimeout(Promise.all(newest), AWAY_MS, nothing);
      for (const [store, position] of positions) if (position.id === NEWEST) positions.set(store, since);
    },
    async next() {
      for (;;) {
        for (const connection of connections) if (!connection.asking) read(connection);
        await answers();
        if (over) return [];
        const found: Page[] = [];
        for (const connection of connections.filter(({ asking }) => !asking)) {
          const pages = connection.pages.splice(0).filter(({ entries }) => entries.length > 0);
          found.push(...pages);
          if (pages.length === 0) wait(connection);
        }
        if (found.length > 0) return found;
        if (failure) throw failure.error;
        onIdle();
        await anyAnswer();
      }
    },
  };
}

async function readPages({ client, stores }: Connection, positions: Positions): Promise<Page[]> {
  const count = Math.ceil(READ / stores.length);
  return await Promise.all(stores.map((store) => readPage(client, store, positions.get(store)!, count)));
}

async function findNewest({ client, stores }: Connection, positions: Positions): Promise<void> {
  const asksFor = (store: string): boolean => positions.get(store)?.id === NEWEST;
  for (const store of stores.filter(asksFor)) {
    const newest = await newestPosition(client, store);
    // Reading may have begun without this answer.
    if (asksFor(store)) positions.set(store, newest);
  }
}

/** Resolves once a store has an entry after its position, or after a while. */
const nextEntry = async ({ client, stores }: Connection, positions: Positions): Promise<true> => {
  const keys = stores.map((store) => channelKeys(store).receipts);
  const after = stores.map((store) => positions.get(store)!.id);
  await client.xread('COUNT', 1, 'BLOCK', FOLLOWER_BLOCK_MS, 'STREAMS', ...keys, ...after);
  return true;
};
