import { createLineSplitter, type Entry } from '../../lines.ts';

/** Gathers the lines of a body into batches, as they come: a fast stream makes full ones, a slow one does not wait. */

export interface LineBatches {
  /** The next lines, at most 500 and about a MiB of them; undefined once there are none any more. */
  next(): Promise<Entry<string>[] | undefined>;
  /** Ends it where it is: what came and is in no batch yet is left. */
  stop(): void;
  /** Whether the body was read to its end. */
  ended(): boolean;
}

/** As many as a producer takes in one job. */
const MAX_LINES = 500;
const MAX_BYTES = 1024 * 1024;
/** How long the first line of a batch waits for others, milliseconds: a round trip to Redis or a few. */
const LINGER_MS = 5;

/** @param chunks is read no faster than batches are asked for; an error of it ends the batches after what came before it */
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

  /** A line that is too long, or empty ones, fill no batch: one without lines would stand for the end. */
  const isFull = (): boolean => lines.length >= MAX_LINES || (lines.length > 0 && bytes >= MAX_BYTES);

  const wakened = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
    });

  return {
    ended: () => state === 'ended',
    stop() {
      if (state === 'open') state = 'stopped';
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
