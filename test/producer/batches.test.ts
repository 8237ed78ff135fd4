import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { type FillingBatch, inFilledBatches } from '../../src/producer/batches.ts';

/** A source that goes on for ever, an item a turn of the event loop, and cannot be told to end. */
function endless() {
  let read = 0;
  const source: AsyncIterable<number> = {
    [Symbol.asyncIterator]: () => ({
      async next() {
        await turn();
        read += 1;
        return { done: false, value: read };
      },
    }),
  };
  return { source, read: () => read };
}

it('nothing more is read once a failure was told, also of a batch that was being filled', async () => {
  const { source, read } = endless();
  let fills: () => void = () => {};
  const filling = new Promise<void>((resolve) => {
    fills = resolve;
  });
  let begun = 0;
  const begin = (): FillingBatch<number> => {
    const isFirst = begun++ === 0;
    let size = 0;
    return {
      size: () => size,
      async add(items) {
        size += items.length;
        if (!isFirst) fills();
      },
      isFull: async () => isFirst,
    };
  };
  const interruption = await inFilledBatches(source, begin, async () => {
    await filling;
    throw new Error('refused');
  });
  expect(interruption).toMatchObject({ cause: new Error('refused'), resumeAt: 0 });
  const told = read();
  for (let i = 0; i < 50; i++) await turn();
  // One item may have been asked for before.
  expect(read() - told).toBeLessThanOrEqual(1);
});
