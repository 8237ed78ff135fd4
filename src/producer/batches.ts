import { DatabaseRefusedError } from '../redis/connection-errors.ts';
import { type Interruption, ProducerTimeoutError } from './errors.ts';
import { PART_SIZE, type Source, type SourceReader, sourceReader } from './source-reader.ts';

/** Processes a sync or async source in batches, with bounded memory, for millions of messages. */

export interface Batch<T> {
  items: readonly T[];
  /** Index of the first item in the source. */
  from: number;
}

/** A batch that is being filled. */
export interface FillingBatch<T> {
  /** How many items of the source it has taken. */
  size(): number;
  /** Takes the next items of the source: 500, or the last ones of the batch. */
  add(items: readonly T[]): Promise<void>;
  /** Whether the batch takes no more; asked after every 500 items. If it rejects, nothing of the batch is processed. */
  isFull(): Promise<boolean>;
}

/** One is being read and checked while Redis is at another, with a third waiting there: Redis is never without one. */
const IN_FLIGHT = 3;
/** Bounds the memory of a batch: 4,000 items. */
export const MOST_PARTS = 8;
/** How many items of a source are under way at most: those of the batches, and one that a slow source was asked for. */
export const MOST_UNDER_WAY = IN_FLIGHT * MOST_PARTS * PART_SIZE + 1;

export interface BatchOptions {
  /** Fills every batch but the last, however slow the source is: the same source then makes the same batches. */
  full?: boolean;
}

interface Failure {
  cause: unknown;
  resumeAt: number;
  /** Whether this batch wrote nothing from `resumeAt` on. */
  untouched: boolean;
}

/** Processes the source in batches of at most 500, as `inFilledBatches` does. */
export const inBatches = <T>(
  source: Source<T>,
  handle: (batch: Batch<T>) => Promise<void>,
  options: BatchOptions = {},
): Promise<Interruption | undefined> =>
  inFilledBatches(source, plainBatch<T>, ({ items }, from) => handle({ items, from }), options);

function plainBatch<T>(): FillingBatch<T> & { items: readonly T[] } {
  const items: T[] = [];
  return {
    items,
    size: () => items.length,
    add: async (more) => void items.push(...more),
    isFull: async () => true,
  };
}

/**
 * Processes the source in batches, starting them in order, three in flight at a time. After the first failure, of a batch or of the
 * source, reads no more and waits for the batches in flight.
 * @param begin begins a batch, which decides how many times 500 items it takes
 * @param handle gets it, and the index of its first item in the source
 * @returns undefined if the whole source was processed
 */
export async function inFilledBatches<T, B extends FillingBatch<T>>(
  source: Source<T>,
  begin: () => B,
  handle: (batch: B, from: number) => Promise<void>,
  { full = false }: BatchOptions = {},
): Promise<Interruption | undefined> {
  const running: Promise<void>[] = [];
  const failures: Failure[] = [];
  let settledFrom = 0;
  const reader = batchReader(sourceReader(source, full), begin, full);
  let giveUp: () => void = () => {};
  const note = (failure: Failure): void => {
    failures.push(failure);
    giveUp();
  };
  // Not Promise.race with one long-lived failure promise: it would retain every batch until the end.
  const nextUnlessFailed = (): Promise<B | undefined> =>
    new Promise((resolve, reject) => {
      giveUp = () => resolve(undefined);
      reader.next().then(resolve, reject);
    });
  let from = 0;
  try {
    while (failures.length === 0) {
      const batch = await nextUnlessFailed();
      if (!batch || failures.length > 0) break;
      const start = from;
      from += batch.size();
      const run = handle(batch, start).then(
        () => {
          settledFrom = Math.max(settledFrom, start);
        },
        (cause) => note({ cause, resumeAt: start, untouched: wroteNothing(cause) }),
      );
      running.push(run);
      // The oldest, which mostly is the first to be done: the others do not go on far ahead of one that takes long.
      if (running.length >= IN_FLIGHT) await running.shift();
    }
  } catch (cause) {
    note({ cause, resumeAt: from, untouched: true });
  } finally {
    reader.stop();
  }
  await Promise.all(running);
  // The earliest failure gives the index to resume at; the causes are of the same kind.
  const first = failures.toSorted((a, b) => a.resumeAt - b.resumeAt)[0];
  if (!first) return undefined;
  const { cause, resumeAt } = first;
  const restUntouched = settledFrom <= resumeAt && failures.every(({ untouched }) => untouched);
  return { cause, resumeAt, restUntouched };
}

const wroteNothing = (cause: unknown): boolean =>
  cause instanceof DatabaseRefusedError || (cause instanceof ProducerTimeoutError && !cause.sent);

interface BatchReader<B> {
  /** Returns the next batch, or undefined at the end of the source. */
  next(): Promise<B | undefined>;
  stop(): void;
}

function batchReader<T, B extends FillingBatch<T>>(
  reader: SourceReader<T>,
  begin: () => B,
  full: boolean,
): BatchReader<B> {
  let failure: { error: unknown } | undefined;

  /** An error of the source is thrown by the next batch: what was read before it is processed first, unless a batch has to be full. */
  async function readOn(): Promise<T[]> {
    try {
      return await reader.read(false);
    } catch (error) {
      if (full) throw error;
      failure = { error };
      return [];
    }
  }

  return {
    async next() {
      if (failure) throw failure.error;
      const batch = begin();
      let part = await reader.read(true);
      while (part.length > 0) {
        await batch.add(part);
        if (part.length < PART_SIZE || (await batch.isFull())) break;
        part = await readOn();
      }
      return batch.size() > 0 ? batch : undefined;
    },
    stop: () => reader.stop(),
  };
}
