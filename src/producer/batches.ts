import { DatabaseRefusedError } from '../redis/connection-errors.ts';
import { type Interruption, ProducerTimeoutError } from './errors.ts';

/** Reads a sync or async source in batches, with bounded memory: the way in for millions of messages. */

export type Source<T> = Iterable<T> | AsyncIterable<T>;

export interface Batch<T> {
  items: readonly T[];
  /** Index of the first item within the source. */
  from: number;
}

const BATCH_SIZE = 500;
const IN_FLIGHT = 2;
/** A source that trickles (a log that is followed) need not fill a batch before its first item leaves. */
const LINGER_MS = 50;

interface Failure {
  cause: unknown;
  resumeAt: number;
  /** Nothing from `resumeAt` on left for Redis on this account. */
  untouched: boolean;
}

/**
 * Hands the source over in batches of at most 500, two under way at a time, in order of start. At the first failure,
 * of a batch or of the source itself, no more is read and the batches under way are waited for.
 * @returns undefined when all was handed over and settled
 */
export async function inBatches<T>(
  source: Source<T>,
  handle: (batch: Batch<T>) => Promise<void>,
): Promise<Interruption | undefined> {
  const running = new Set<Promise<void>>();
  const failures: Failure[] = [];
  let settledFrom = 0;
  const reader = batchReader(source);
  let giveUp: () => void = () => {};
  const note = (failure: Failure): void => {
    failures.push(failure);
    giveUp();
  };
  // Not a race with one promise that stands for the failure: it would keep every batch alive until the end.
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
  // The earliest tells how far it came; all of them have the same kind of cause.
  const first = failures.toSorted((a, b) => a.resumeAt - b.resumeAt)[0];
  if (!first) return undefined;
  const { cause, resumeAt } = first;
  const restUntouched = settledFrom <= resumeAt && failures.every(({ untouched }) => untouched);
  return { cause, resumeAt, restUntouched };
}

const wroteNothing = (cause: unknown): boolean =>
  cause instanceof DatabaseRefusedError || (cause instanceof ProducerTimeoutError && !cause.sent);

interface BatchReader<T> {
  /** The next items, or undefined at the end. */
  next(): Promise<T[] | undefined>;
  stop(): void;
}

function batchReader<T>(source: Source<T>): BatchReader<T> {
  const iterator =
    Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  let pending: Promise<IteratorResult<T>> | undefined;
  let ended = false;

  async function next(): Promise<T[] | undefined> {
    const items: T[] = [];
    const linger = lingering();
    try {
      while (!ended && items.length < BATCH_SIZE) {
        pending ??= Promise.resolve(iterator.next());
        const result = await (items.length === 0 ? pending : Promise.race([pending, linger.over()]));
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
      // Not waited for: an async generator answers only after the item that it is itself waiting for.
      pending?.catch(() => {});
      if (!ended) Promise.resolve(iterator.return?.()).catch(() => {});
    },
  };
}

/** A timer that starts when first asked for, so that it counts from a batch's first item. */
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
