import { describe, expect, it } from 'vitest';
import { overlapping } from '../../src/dead-letters/batches.ts';

async function* numbers(count: number): AsyncGenerator<number> {
  for (let i = 1; i <= count; i++) yield i;
}

/** Work that ends when told to, and what was started of it. */
function work() {
  const started: number[] = [];
  const ends = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();
  return {
    started,
    end: (n: number) => ends.get(n)?.resolve(),
    fail: (n: number, error: Error) => ends.get(n)?.reject(error),
    run: (n: number) =>
      new Promise<void>((resolve, reject) => {
        started.push(n);
        ends.set(n, { resolve, reject });
      }),
  };
}

const settled = () => new Promise<void>((done) => setImmediate(done));

describe('overlapping', () => {
  it('starts a batch only when at most two others are under way, in order', async () => {
    const { run, started, end } = work();
    const done = overlapping(numbers(5), run);
    await settled();
    expect(started).toEqual([1, 2, 3]);
    end(1);
    await settled();
    expect(started).toEqual([1, 2, 3, 4]);
    for (const n of [2, 3, 4]) end(n);
    await settled();
    end(5);
    await done;
    expect(started).toEqual([1, 2, 3, 4, 5]);
  });

  it('tells of a batch once all before it are done, and of none after a failure', async () => {
    const { run, end, fail } = work();
    const told: number[] = [];
    const done = overlapping(
      numbers(5),
      (n) => run(n).then(() => n),
      (n) => void told.push(n),
    ).catch((error: Error) => error.message);
    await settled();
    end(2);
    await settled();
    expect(told).toEqual([]);
    end(1);
    await settled();
    expect(told).toEqual([1, 2]);
    end(4);
    fail(3, new Error('the store is away'));
    end(5);
    expect(await done).toBe('the store is away');
    expect(told).toEqual([1, 2]);
  });

  it('rejects with the first failure, and starts nothing after it', async () => {
    const { run, started, end, fail } = work();
    const done = overlapping(numbers(9), run).catch((error: Error) => error.message);
    await settled();
    fail(1, new Error('the store is away'));
    end(2);
    fail(3, new Error('the store is still away'));
    expect(await done).toBe('the store is away');
    expect(started).toEqual([1, 2, 3]);
  });

  it('starts none that was still being read when one failed', async () => {
    const { run, started, fail } = work();
    let read = (): void => {};
    async function* slowly(): AsyncGenerator<number> {
      yield 1;
      await new Promise<void>((resolve) => {
        read = resolve;
      });
      yield 2;
    }
    const done = overlapping(slowly(), run).catch((error: Error) => error.message);
    await settled();
    fail(1, new Error('the store is away'));
    await settled();
    read();
    expect(await Promise.race([done, settled().then(settled)])).toBe('the store is away');
    expect(started).toEqual([1]);
  });
});
