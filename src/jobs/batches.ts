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

/** Why a source was not read to its end, and the index from which on it was not settled. */
export interface Interruption {
  cause: unknown;
  resumeAt: number;
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
  const failures: Interruption[] = [];
  const reader = batchReader(source);
  let giveUp: () => void = () => {};
  const note = (cause: unknown, resumeAt: number): void => {
    failures.push({ cause, resumeAt });
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
      const run = handle({ items, from: start }).catch((cause) => note(cause, start));
      running.add(run);
      run.finally(() => running.delete(run));
      if (running.size >= IN_FLIGHT) await Promise.race(running);
    }
  } catch (cause) {
    note(cause, from);
  } finally {
    reader.stop();
  }
  await Promise.all(running);
  // The earliest tells how far it came; all of them have the same kind of cause.
  return failures.toSorted((a, b) => a.resumeAt - b.resumeAt)[0];
}

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
