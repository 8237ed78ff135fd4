import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { type FillingBatch, inBatches, inFilledBatches } from '../../src/producer/batches.ts';

/** Lets everything that is not held go on for a while. */
async function turns(): Promise<void> {
  for (let i = 0; i < 50; i++) await turn();
}

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
  await turns();
  // One item may have been asked for before.
  expect(read() - told).toBeLessThanOrEqual(1);
});

it('no batch falls behind by more than those in flight', async () => {
  let release: () => void = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const begun: number[] = [];
  const ended = inBatches(Array.from({ length: 5000 }), async ({ from }) => {
    begun.push(from);
    if (from === 0) await held;
  });
  await turns();
  expect(begun).toEqual([0, 500, 1000]);
  release();
  expect(await ended).toBeUndefined();
  expect(begun).toHaveLength(10);
});

it('a failure that is told while a batch is waited for does not wait for the source', async () => {
  let release: () => void = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  async function* stays(): AsyncGenerator<number> {
    for (let i = 0; i < 1500; i++) yield i;
    await new Promise(() => {});
  }
  const ended = inBatches(stays(), async ({ from }) => {
    if (from === 0) await held;
    if (from === 1000) throw new Error('refused');
  });
  await turns();
  release();
  expect(await ended).toMatchObject({ cause: new Error('refused'), resumeAt: 1000 });
});
