import { DatabaseRefusedError } from '../redis/connection-errors.ts';
import { type Interruption, ProducerTimeoutError } from './errors.ts';

/** Processes a sync or async source in batches, with bounded memory, for millions of messages. */

export type Source<T> = Iterable<T> | AsyncIterable<T>;

export interface Batch<T> {
  items: readonly T[];
  /** Index of the first item in the source. */
  from: number;
}

const BATCH_SIZE = 500;
const IN_FLIGHT = 2;
/** After this time an incomplete batch is processed, for slow sources such as a followed log. */
const LINGER_MS = 50;

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

/**
 * Processes the source in batches of at most 500, starting them in order, two in flight at a time. After the first
 * failure, of a batch or of the source, reads no more and waits for the batches in flight.
 * @returns undefined if the whole source was processed
 */
export async function inBatches<T>(
  source: Source<T>,
  handle: (batch: Batch<T>) => Promise<void>,
  { full = false }: BatchOptions = {},
): Promise<Interruption | undefined> {
  const running = new Set<Promise<void>>();
  const failures: Failure[] = [];
  let settledFrom = 0;
  const reader = batchReader(source, full);
  let giveUp: () => void = () => {};
  const note = (failure: Failure): void => {
    failures.push(failure);
    giveUp();
  };
  // Not Promise.race with one long-lived failure promise: it would retain every batch until the end.
  const nextUnlessFailed = (): Promise<T[] | undefined> =>
    new Promise((resolve, reject) => {
      giveUp = () => resolve(undefined);
      reader.next().then(resolve, reject);
    });
  let from = 0;
  try {
    for (;;) {
      const items = await nextUnlessFailed();
      if (!items || failures.length > 0) break;
      const start = from;
      from += items.length;
      const run = handle({ items, from: start }).then(
        () => {
          settledFrom = Math.max(settledFrom, start);
        },
        (cause) => note({ cause, resumeAt: start, untouched: wroteNothing(cause) }),
      );
      running.add(run);
      run.finally(() => running.delete(run));
      if (running.size >= IN_FLIGHT) await Promise.race(running);
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

interface BatchReader<T> {
  /** Returns the next items, or undefined at the end of the source. */
  next(): Promise<T[] | undefined>;
  stop(): void;
}

/** Reads a source that is not async, without a promise for each item: a list of a million costs one turn of the event loop a batch. */
function readList<T>(source: Iterable<T>): BatchReader<T> {
  const iterator = source[Symbol.iterator]();
  let ended = false;
  return {
    async next() {
      const items: T[] = [];
      try {
        while (!ended && items.length < BATCH_SIZE) {
          const result = iterator.next();
          if (result.done) ended = true;
          else items.push(result.value);
        }
      } catch (error) {
        ended = true;
        throw error;
      }
      return items.length > 0 ? items : undefined;
    },
    stop() {
      if (!ended) iterator.return?.();
    },
  };
}

const isSource = (source: unknown): boolean =>
  typeof source === 'object' &&
  source !== null &&
  (Symbol.iterator in source || Symbol.asyncIterator in source);

function batchReader<T>(source: Source<T>, full: boolean): BatchReader<T> {
  if (!isSource(source)) throw new TypeError('expected an array, an iterable or an async iterable');
  if (!(Symbol.asyncIterator in source)) return readList(source);
  const iterator = source[Symbol.asyncIterator]();
  let pending: Promise<IteratorResult<T>> | undefined;
  let ended = false;

  async function next(): Promise<T[] | undefined> {
    const items: T[] = [];
    const linger = lingering();
    try {
      while (!ended && items.length < BATCH_SIZE) {
        pending ??= Promise.resolve(iterator.next());
        const result = await (full || items.length === 0 ? pending : Promise.race([pending, linger.over()]));
        if (!result) break;
        pending = undefined;
        if (result.done) ended = true;
        else items.push(result.value);
      }
    } catch (error) {
      ended = true;
      throw error;
    } finally {
      linger.stop();
    }
    return items.length > 0 ? items : undefined;
  }

  return {
    next,
    stop() {
      // Not awaited: an async generator returns only after the item that it is waiting for.
      pending?.catch(() => {});
      if (!ended) Promise.resolve(iterator.return?.()).catch(() => {});
    },
  };
}

/** A timer that starts with the first call of `over`, and so counts from the first item of a batch. */
function lingering(): { over(): Promise<undefined>; stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  let promise: Promise<undefined> | undefined;
  return {
    over() {
      promise ??= new Promise((resolve) => {
        timer = setTimeout(() => resolve(undefined), LINGER_MS);
      });
      return promise;
    },
    stop: () => clearTimeout(timer),
  };
}
