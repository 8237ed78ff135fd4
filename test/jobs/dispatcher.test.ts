import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createDispatcher, type DispatcherOptions, type Lane } from '../../src/jobs/dispatcher.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const dispatcherOf = (options: Partial<DispatcherOptions> = {}): Lane =>
  dispatchersOf(options).lane(() => {});
const dispatchersOf = (options: Partial<DispatcherOptions> = {}) =>
  createDispatcher({
    concurrency: 3,
    intervalMs: undefined,
    aheadMs: { urgent: 1_000, bulk: 500 },
    clock: { monotonic: () => Date.now() },
    ...options,
  });

/** Runs that end when they are told to, and what has started, in order. */
function runs() {
  const started: unknown[] = [];
  const ends = new Map<unknown, (sent: boolean) => void>();
  const answers = new Map<unknown, () => void>();
  const run = (item: unknown, _: unknown, answered: () => void): Promise<boolean> => {
    started.push(item);
    answers.set(item, answered);
    return new Promise((resolve) => ends.set(item, resolve));
  };
  async function end(item: unknown, sent = true): Promise<void> {
    ends.get(item)!(sent);
    await vi.advanceTimersByTimeAsync(0);
  }
  const answer = (item: unknown): void => answers.get(item)!();
  return { started, run, end, answer };
}

const bulk = { rank: 1, urgency: 'bulk' } as const;
const urgent = { rank: 0, urgency: 'urgent' } as const;

it('runs so many messages at a time, whatever jobs they are of', async () => {
  const { started, run, end } = runs();
  const dispatcher = dispatcherOf();
  dispatcher.add({ ...bulk, items: ['a1', 'a2'], run });
  dispatcher.add({ ...bulk, items: ['b1', 'b2', 'b3'], run });
  expect(started).toEqual(['a1', 'a2', 'b1']);
  expect(dispatcher.backlog()).toBe(2);
  await end('a2');
  expect(started).toEqual(['a1', 'a2', 'b1', 'b2']);
  await end('b1');
  await end('a1');
  expect(started).toEqual(['a1', 'a2', 'b1', 'b2', 'b3']);
  expect(dispatcher.backlog()).toBe(0);
});

it('starts the next when one is answered, not when its result is written', async () => {
  const { started, run, end, answer } = runs();
  const dispatcher = dispatcherOf({ concurrency: 1 });
  dispatcher.add({ ...bulk, items: ['a1', 'a2', 'a3'], run });
  answer('a1');
  expect(started).toEqual(['a1', 'a2']);
  await end('a1');
  expect(started).toEqual(['a1', 'a2']);
  await end('a2');
  expect(started).toEqual(['a1', 'a2', 'a3']);
});

it('starts as many beyond the concurrency as may be ahead at the moment', async () => {
  const { started, run, end } = runs();
  let ahead = 1;
  const dispatcher = dispatcherOf({ concurrency: 1, ahead: () => ahead });
  dispatcher.add({ ...bulk, items: ['a1', 'a2', 'a3', 'a4', 'a5'], run });
  expect(started).toEqual(['a1', 'a2']);
  ahead = 2;
  await end('a1');
  expect(started).toEqual(['a1', 'a2', 'a3', 'a4']);
  ahead = 0;
  await end('a2');
  expect(started).toHaveLength(4);
});

it('starts again what is put back after its answer', async () => {
  const { started, run, end, answer } = runs();
  const dispatcher = dispatcherOf({ concurrency: 1 });
  const batch = dispatcher.add({ ...bulk, items: ['a1'], run });
  answer('a1');
  batch.again('a1');
  await end('a1', false);
  expect(started).toEqual(['a1', 'a1']);
});

it('starts what is urgent before what came earlier, and equals in their order', async () => {
  const { started, run, end } = runs();
  const dispatcher = dispatcherOf({ concurrency: 1 });
  dispatcher.add({ ...bulk, items: ['a1', 'a2'], run });
  dispatcher.add({ ...bulk, items: ['b1'], run });
  dispatcher.add({ ...urgent, items: ['u1'], run });
  dispatcher.add({ ...urgent, items: ['u2'], run });
  for (const item of ['a1', 'u1', 'u2', 'a2']) await end(item);
  expect(started).toEqual(['a1', 'u1', 'u2', 'a2', 'b1']);
});

it('starts no faster than the rate, bulk half of the time ahead, and takes back the token of what was not sent', async () => {
  const { started, run, end } = runs();
  const dispatcher = dispatcherOf({ concurrency: 100, intervalMs: 100 });
  const items = Array.from({ length: 20 }, (_, i) => i);
  dispatcher.add({ ...bulk, items, run });
  expect(started).toHaveLength(6);
  dispatcher.add({ ...urgent, items: ['u'], run });
  expect(started).toHaveLength(7);
  await vi.advanceTimersByTimeAsync(200);
  expect(started).toHaveLength(8);
  await end(0, false);
  await end(1, false);
  expect(started).toHaveLength(10);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(started).toHaveLength(21);
});

it('holds what the store refused, and starts it first of all again', async () => {
  const started: unknown[] = [];
  const dispatcher = dispatcherOf({ concurrency: 2 });
  let refuse = true;
  dispatcher.add<string>({
    ...bulk,
    items: ['a', 'b', 'c'],
    async run(item, batch) {
      started.push(item);
      if (item === 'b' && refuse) {
        refuse = false;
        dispatcher.hold(250, 'bulk');
        batch.again(item);
      }
      return true;
    },
  });
  await vi.advanceTimersByTimeAsync(249);
  expect(started).toEqual(['a', 'b']);
  expect(dispatcher.backlog()).toBe(2);
  dispatcher.add({ ...urgent, items: ['u'], run: async (item) => started.push(item) > 0 });
  expect(started).toEqual(['a', 'b', 'u']);
  await vi.advanceTimersByTimeAsync(1);
  expect(started).toEqual(['a', 'b', 'u', 'b', 'c']);
  dispatcher.hold(250, 'urgent');
  dispatcher.add({ ...urgent, items: ['v'], run: async (item) => started.push(item) > 0 });
  await vi.advanceTimersByTimeAsync(249);
  expect(started).not.toContain('v');
  await vi.advanceTimersByTimeAsync(1);
  expect(started).toContain('v');
});

it('starts no more after a refusal than the store has free then', async () => {
  const started: number[] = [];
  const dispatcher = dispatcherOf({ concurrency: 100, intervalMs: 100 });
  let left = 3;
  dispatcher.add<number>({
    ...bulk,
    items: Array.from({ length: 20 }, (_, i) => i),
    async run(item, batch) {
      started.push(item);
      left -= 1;
      // Other workers had the rest of the time ahead.
      const isGranted = left >= 0;
      await Promise.resolve();
      if (isGranted) return true;
      dispatcher.hold(250, 'bulk');
      batch.again(item);
      return false;
    },
  });
  await vi.advanceTimersByTimeAsync(0);
  expect(started.splice(0)).toHaveLength(6);
  left = 20;
  await vi.advanceTimersByTimeAsync(250);
  expect(started).toHaveLength(3);
  await vi.advanceTimersByTimeAsync(400);
  expect(started).toHaveLength(7);
});

it('gives back what was not started', async () => {
  const { started, run, end } = runs();
  const onStart = vi.fn();
  const dispatcher = dispatchersOf({ concurrency: 1 }).lane(onStart);
  const batch = dispatcher.add({ ...bulk, items: ['a', 'b', 'c'], run });
  dispatcher.add({ ...bulk, items: ['d'], run });
  expect(batch.withdraw()).toEqual(['b', 'c']);
  expect(batch.withdraw()).toEqual([]);
  expect(dispatcher.backlog()).toBe(0);
  await end('a');
  expect(started).toEqual(['a', 'd']);
  expect(onStart).toHaveBeenCalledTimes(2);
});

const A_TURN_MS = 100;

it('lets lanes take turns within the concurrency that they share, the most urgent first', async () => {
  const { started, run, end } = runs();
  const dispatcher = dispatchersOf({ concurrency: 2 });
  const [one, two] = [dispatcher.lane(() => {}), dispatcher.lane(() => {})];
  one.add({ ...bulk, items: ['a1', 'a2', 'a3', 'a4', 'a5'], run });
  two.add({ ...bulk, items: ['b1', 'b2', 'b3'], run });
  expect(started).toEqual(['a1', 'a2']);
  expect([one.backlog(), two.backlog()]).toEqual([3, 3]);
  await vi.advanceTimersByTimeAsync(A_TURN_MS);
  await end('a1');
  await end('a2');
  expect(started.slice(2)).toEqual(['b1', 'b2']);
  two.add({ ...urgent, items: ['b0'], run });
  await vi.advanceTimersByTimeAsync(A_TURN_MS);
  await end('b1');
  expect(started.slice(4)).toEqual(['b0']);
  await vi.advanceTimersByTimeAsync(A_TURN_MS);
  await end('b2');
  await end('b0');
  expect(started.slice(5)).toEqual(['b3', 'a3']);
  await end('b3');
  await end('a3');
  expect(started.slice(7)).toEqual(['a4', 'a5']);
});

it('lets a lane go on in its turn while what it starts ends within it', async () => {
  const { started, run, end } = runs();
  const dispatcher = dispatchersOf({ concurrency: 1 });
  const [one, two] = [dispatcher.lane(() => {}), dispatcher.lane(() => {})];
  one.add({ ...bulk, items: ['a1', 'a2', 'a3', 'a4'], run });
  two.add({ ...bulk, items: ['b1', 'b2'], run });
  await vi.advanceTimersByTimeAsync(A_TURN_MS / 2);
  await end('a1');
  await vi.advanceTimersByTimeAsync(A_TURN_MS / 2);
  await end('a2');
  expect(started).toEqual(['a1', 'a2', 'b1']);
  await end('b1');
  expect(started).toEqual(['a1', 'a2', 'b1', 'b2']);
});

it.each([
  { intervalMs: 400, expected: ['a1', 'b1', 'a2', 'b2', 'a3', 'b3'] },
  { intervalMs: 50, expected: ['a1', 'a2', 'b1', 'b2', 'a3', 'b3'] },
])('makes turns as short as the rate is low: $intervalMs ms', async ({ intervalMs, expected }) => {
  const { started, run } = runs();
  const dispatcher = dispatchersOf({ concurrency: 10, intervalMs, aheadMs: { urgent: 0, bulk: 0 } });
  const [one, two] = [dispatcher.lane(() => {}), dispatcher.lane(() => {})];
  one.add({ ...bulk, items: ['a1', 'a2', 'a3'], run });
  two.add({ ...bulk, items: ['b1', 'b2', 'b3'], run });
  await vi.advanceTimersByTimeAsync(6 * intervalMs);
  expect(started).toEqual(expected);
});
