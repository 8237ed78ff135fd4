import { createLineSplitter, type Entry } from '../lines.ts';

/** Gathers the lines of a body into batches as they arrive: a fast stream fills them, a slow one does not wait for more. */

export interface LineBatches {
  /** The next lines, at most 500 and about a MiB; undefined after the last. */
  next(): Promise<Entry<string>[] | undefined>;
  /** Stops reading; lines that are in no batch yet are dropped. */
  stop(): void;
  /** Whether the body was read to its end, and no line of it dropped. */
  ended(): boolean;
}

/** As many as a producer takes in one job. */
const MAX_LINES = 500;
const MAX_BYTES = 1024 * 1024;
/** How long the first line of a batch waits for others, milliseconds: a round trip to Redis or a few. */
const LINGER_MS = 5;

/** @param chunks is read no faster than batches are asked for; if it fails, the batches end after the lines before the failure */
export function createLineBatches(chunks: AsyncIterable<Uint8Array>, maxLineBytes: number): LineBatches {
  const iterator = chunks[Symbol.asyncIterator]();
  const splitter = createLineSplitter(maxLineBytes);
  let lines: Entry<string>[] = [];
  let bytes = 0;
  let state: 'open' | 'stopped' | 'broken' | 'ended' = 'open';
  let reading = false;
  let wake = (): void => {};

  function add(entries: readonly Entry<string>[], read: number): void {
    lines.push(...entries);
    bytes += read;
  }

  function read(): void {
    reading = true;
    const finish = (result: typeof state): void => {
      reading = false;
      if (state === 'open') state = result;
      wake();
    };
    iterator.next().then(
      ({ done, value }) => {
        if (state === 'stopped') return;
        if (done) add(splitter.end(), 0);
        else add(splitter.take(value), value.length);
        finish(done ? 'ended' : 'open');
      },
      () => finish('broken'),
    );
  }

  /** Overlong or empty lines alone do not fill a batch: a batch without lines would mean the end. */
  const isFull = (): boolean => lines.length >= MAX_LINES || (lines.length > 0 && bytes >= MAX_BYTES);

  const wakened = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
    });

  return {
    ended: () => state === 'ended',
    stop() {
      // The end may have been read ahead, with lines that nobody has asked for.
      if (state === 'open' || lines.length > 0) state = 'stopped';
      lines = [];
      wake();
    },
    async next() {
      let late = false;
      let linger: NodeJS.Timeout | undefined;
      const isLate = (): void => {
        late = true;
        wake();
      };
      while (state === 'open' && !isFull() && !late) {
        if (!reading) read();
        if (lines.length > 0) linger ??= setTimeout(isLate, LINGER_MS);
        await wakened();
      }
      clearTimeout(linger);
      const batch = lines.slice(0, MAX_LINES);
      lines = lines.slice(MAX_LINES);
      if (lines.length === 0) bytes = 0;
      return batch.length > 0 ? batch : undefined;
    },
  };
}
