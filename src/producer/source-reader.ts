export type Source<T> = Iterable<T> | AsyncIterable<T>;

/** How many items are read at a time. */
export const PART_SIZE = 500;
/** After this time without 500 more items those that were read are handed out, for slow sources such as a followed log. */
const LINGER_MS = 50;

/** Reads a source in parts of at most 500 items. */
export interface SourceReader<T> {
  /**
   * Returns fewer than 500 items at the end of the source, and where it is slow.
   * @param begins whether they begin a batch: the first of them is waited for as long as it takes
   */
  read(begins: boolean): Promise<T[]>;
  /** Ends the source. Also a batch that is being filled gets no more than the item that was asked for. */
  stop(): void;
}

const isSource = (source: unknown): boolean =>
  typeof source === 'object' &&
  source !== null &&
  (Symbol.iterator in source || Symbol.asyncIterator in source);

/**
 * @param full whether every part but the last has 500 items, however slow the source is
 * @throws TypeError for what is no source
 */
export function sourceReader<T>(source: Source<T>, full: boolean): SourceReader<T> {
  if (!isSource(source)) throw new TypeError('expected an array, an iterable or an async iterable');
  if (!(Symbol.asyncIterator in source)) return readList(source);
  const iterator = source[Symbol.asyncIterator]();
  let pending: Promise<IteratorResult<T>> | undefined;
  let ended = false;

  async function read(begins: boolean): Promise<T[]> {
    const items: T[] = [];
    const linger = lingering();
    try {
      while (!ended && items.length < PART_SIZE) {
        pending ??= Promise.resolve(iterator.next());
        const waits = full || (begins && items.length === 0);
        const result = await (waits ? pending : Promise.race([pending, linger.over()]));
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
    return items;
  }

  return {
    read,
    stop() {
      // Not awaited: an async generator returns only after the item that it is waiting for.
      pending?.catch(() => {});
      if (!ended) Promise.resolve(iterator.return?.()).catch(() => {});
      ended = true;
    },
  };
}

/** Reads a source that is not async, without a promise for each item: a list of a million costs one turn of the event loop a part. */
function readList<T>(source: Iterable<T>): SourceReader<T> {
  const iterator = source[Symbol.iterator]();
  let ended = false;
  return {
    async read() {
      const items: T[] = [];
      try {
        while (!ended && items.length < PART_SIZE) {
          const result = iterator.next();
          if (result.done) ended = true;
          else items.push(result.value);
        }
      } catch (error) {
        ended = true;
        throw error;
      }
      return items;
    },
    stop() {
      if (!ended) iterator.return?.();
      ended = true;
    },
  };
}

/** A timer that starts with the first call of `over`: for the first part of a batch, with its second item. */
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
