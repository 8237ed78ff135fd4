import { describe, expect, it } from 'vitest';
import { createLineBatches } from '../../src/api/line-batches.ts';
import { eventually } from '../../testing/eventually.ts';

/** A source that is fed by the test. */
function feed() {
  const chunks: Uint8Array[] = [];
  let wake = (): void => {};
  let end: 'open' | 'ended' | 'broken' = 'open';
  const change = (next: typeof end): void => {
    end = next;
    wake();
  };
  return {
    push: (text: string) => {
      chunks.push(Buffer.from(text));
      wake();
    },
    end: () => change('ended'),
    break: () => change('broken'),
    /** How many chunks nobody has read. */
    unread: () => chunks.length,
    async *[Symbol.asyncIterator]() {
      for (;;) {
        while (chunks.length > 0) yield chunks.shift()!;
        if (end === 'broken') throw new Error('aborted');
        if (end === 'ended') return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

const many = (count: number): string => 'x\n'.repeat(count);

describe('createLineBatches', () => {
  it('makes full batches of what is there, and the last one of the rest', async () => {
    const source = feed();
    source.push(many(1100));
    source.push('last');
    source.end();
    const batches = createLineBatches(source, 100);
    const sizes: number[] = [];
    for (let batch = await batches.next(); batch; batch = await batches.next()) sizes.push(batch.length);
    expect(sizes).toEqual([500, 500, 101]);
    expect(batches.ended()).toBe(true);
  });

  it('does not keep the first line waiting for others', async () => {
    const source = feed();
    const batches = createLineBatches(source, 100);
    const next = batches.next();
    source.push('a\nb\nc');
    expect(await next).toEqual([
      { line: 1, value: 'a' },
      { line: 2, value: 'b' },
    ]);
    source.push('\n');
    expect(await batches.next()).toEqual([{ line: 3, value: 'c' }]);
  });

  it('goes on behind a line that is too long, and behind empty ones, however much that is', async () => {
    const source = feed();
    for (let i = 0; i < 20; i += 1) source.push('x'.repeat(65_536));
    source.push('\n');
    for (let i = 0; i < 20; i += 1) source.push('\n'.repeat(65_536));
    source.push('a');
    source.end();
    const batches = createLineBatches(source, 100);
    expect(await batches.next()).toEqual([{ line: 1, problem: 'longer than 100 bytes' }]);
    expect(await batches.next()).toEqual([{ line: 2 + 20 * 65_536, value: 'a' }]);
    expect(batches.ended()).toBe(true);
  });

  it('takes no line that is cut off, and tells that the body did not end', async () => {
    const source = feed();
    source.push('a\nb');
    const batches = createLineBatches(source, 100);
    expect(await batches.next()).toHaveLength(1);
    source.break();
    expect(await batches.next()).toBeUndefined();
    expect(batches.ended()).toBe(false);
  });

  it('ends while it waits, and leaves what it has not handed out', async () => {
    const source = feed();
    source.push(many(600));
    const batches = createLineBatches(source, 100);
    expect(await batches.next()).toHaveLength(500);
    batches.stop();
    expect(await batches.next()).toBeUndefined();
  });

  it('does not call a body read to its end whose last line it dropped', async () => {
    const source = feed();
    source.push('a\nb');
    const batches = createLineBatches(source, 100);
    expect(await batches.next()).toHaveLength(1);
    source.end();
    await eventually('the end to be read ahead', () => batches.ended());
    batches.stop();
    expect(await batches.next()).toBeUndefined();
    expect(batches.ended()).toBe(false);
  });

  it('reads no further than one chunk ahead of what is asked for', async () => {
    const source = feed();
    for (let i = 0; i < 10; i++) source.push(many(500));
    const batches = createLineBatches(source, 100);
    await batches.next();
    expect(source.unread()).toBeGreaterThanOrEqual(8);
  });
});
