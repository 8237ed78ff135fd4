import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createPlaces, type Place, type PlacesOptions, type Taken } from '../../src/workers/places.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const clock = { monotonic: () => Date.now() };
const never = new AbortController().signal;
const LATER = Number.MAX_SAFE_INTEGER;

/** The places of a channel, and what became of those that were taken under a name, in order. */
function open(options: Partial<PlacesOptions> = {}) {
  const places = createPlaces({ concurrency: 2, looksAhead: true, clock, ...options });
  const ends: [string, Taken | boolean][] = [];
  const place = (bulk = true, signal = never): Place => places.of({ bulk, signal });
  function note(name: string, end: unknown): void {
    void Promise.resolve(end as Taken).then((how) => ends.push([name, how]));
  }
  return {
    places,
    ends,
    place,
    take(name: string, { bulk = true, signal = never, latestAt = LATER } = {}): Place {
      const taken = place(bulk, signal);
      taken.asked();
      note(name, taken.take(latestAt));
      return taken;
    },
    reserve(name: string, signal = never): Place {
      const reserved = place(true, signal);
      note(name, reserved.reserve());
      return reserved;
    },
  };
}
const turn = () => vi.advanceTimersByTimeAsync(0);

it('are as many as the concurrency: others wait for one to become free, in their order', async () => {
  const { ends, take } = open();
  const first = take('a');
  for (const name of ['b', 'c', 'd']) take(name);
  await turn();
  expect(ends).toEqual([
    ['a', 'taken'],
    ['b', 'taken'],
  ]);
  first.free();
  await turn();
  expect(ends.slice(2)).toEqual([['c', 'taken']]);
});

it('go to what is urgent first', async () => {
  const { ends, take } = open({ concurrency: 1 });
  const first = take('a');
  take('bulk');
  for (const name of ['urgent', 'urgent too']) take(name, { bulk: false });
  first.free();
  await turn();
  expect(ends.slice(1)).toEqual([['urgent', 'taken']]);
});

it('are freed once, and only by who has one', async () => {
  const { ends, take, place } = open();
  const first = take('a');
  take('b');
  const waiting = take('c');
  waiting.free();
  place().free();
  await turn();
  expect(ends).toHaveLength(2);
  first.free();
  first.free();
  take('d');
  await turn();
  expect(ends.slice(2)).toEqual([['c', 'taken']]);
});

it('are not given to grants that were called off while they waited', async () => {
  const { places, ends, take } = open();
  const first = take('a');
  for (const name of ['b', 'c', 'd']) take(name);
  places.callOff();
  take('e');
  first.free();
  await turn();
  expect(ends.slice(2)).toEqual([
    ['c', 'called_off'],
    ['d', 'called_off'],
    ['e', 'taken'],
  ]);
});

it('are not given to a grant that was called off while it was asked for, even where one is free', () => {
  const { places, place } = open();
  const asking = place();
  asking.asked();
  places.callOff();
  expect(asking.take(LATER)).toBe('called_off');
  asking.asked();
  expect(asking.take(LATER)).toBe('taken');
  places.callOff();
  expect(asking.take(LATER)).toBe('called_off');
});

it('are no use to a grant that was called off as it got one', async () => {
  const { places, ends, take } = open({ concurrency: 1 });
  const first = take('a');
  const second = take('b');
  take('c');
  first.free();
  places.callOff();
  await turn();
  expect(ends.slice(1).toSorted()).toEqual([
    ['b', 'called_off'],
    ['c', 'called_off'],
  ]);
  second.asked();
  expect(second.take(LATER)).toBe('taken');
});

it('are waited for without a grant, which nothing calls off', async () => {
  const { places, ends, take, reserve } = open({ concurrency: 1 });
  const first = take('a');
  const reserved = reserve('b');
  places.callOff();
  first.free();
  places.callOff();
  await turn();
  expect(ends.slice(1)).toEqual([['b', true]]);
  reserved.asked();
  expect(reserved.take(LATER)).toBe('taken');
});

it('are waited for no longer than a grant lasts', async () => {
  const { ends, take } = open({ concurrency: 1 });
  const first = take('a');
  take('b', { latestAt: Date.now() + 2_000 });
  take('c', { latestAt: Date.now() + 1_000 });
  take('d');
  await vi.advanceTimersByTimeAsync(999);
  expect(ends).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(ends.slice(1)).toEqual([['c', 'too_late']]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(ends.slice(2)).toEqual([['b', 'too_late']]);
  first.free();
  await turn();
  expect(ends.slice(3)).toEqual([['d', 'taken']]);
});

it('are not given to a worker that is closing', async () => {
  const { places, ends, take, reserve } = open();
  const closing = new AbortController();
  const first = take('a');
  take('b');
  take('c', { signal: closing.signal });
  reserve('d', closing.signal);
  take('e');
  closing.abort();
  places.look();
  first.free();
  await turn();
  expect(ends.slice(2).toSorted()).toEqual([
    ['c', 'closing'],
    ['d', false],
    ['e', 'taken'],
  ]);
});

it('are not waited for by a worker that is closing', async () => {
  const { ends, take, reserve } = open({ concurrency: 1 });
  take('a');
  take('b', { signal: AbortSignal.abort() });
  reserve('c', AbortSignal.abort());
  await turn();
  expect(ends.slice(1).toSorted()).toEqual([
    ['b', 'closing'],
    ['c', false],
  ]);
});

it('go to nobody whose grant has ended, also before that is noticed', async () => {
  const { ends, take } = open({ concurrency: 1 });
  const first = take('a');
  take('b', { latestAt: Date.now() + 1_000 });
  take('c');
  vi.setSystemTime(Date.now() + 1_000);
  first.free();
  await turn();
  expect(ends.slice(1)).toEqual([
    ['b', 'too_late'],
    ['c', 'taken'],
  ]);
});

it('wake their waiting grants once, at the end of the first', async () => {
  const { take } = open({ concurrency: 1 });
  for (const latestAt of [3_000, 2_000, 1_000]) take('a', { latestAt: Date.now() + latestAt });
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersToNextTimer();
  expect(vi.getTimerCount()).toBe(1);
});

it('are taken at once where none is admitted ahead: nothing is called off', () => {
  const { places, place } = open({ looksAhead: false });
  const asking = place();
  asking.asked();
  places.callOff();
  expect(asking.take(LATER)).toBe('taken');
});

/** So many places are taken for so long, again and again over 100 ms, and then another time. Tells how many are admitted ahead then. */
function aheadAfter(
  count: number,
  heldMs: number,
  options: Partial<PlacesOptions> = {},
): (at: number) => number {
  vi.setSystemTime(1_000);
  const { places, place } = open({ concurrency: 10, ...options });
  for (let i = 0; i < count; i += 1) {
    vi.setSystemTime(1_000);
    const taken = place();
    taken.asked();
    void taken.take(LATER);
    vi.setSystemTime(1_000 + heldMs);
    taken.free();
  }
  return (at) => {
    vi.setSystemTime(at);
    return places.ahead();
  };
}

it('are looked ahead of by as many as become free while a message is admitted', () => {
  const ahead = aheadAfter(60, 40);
  expect([1_139, 1_140, 1_239].map(ahead)).toEqual([0, 6, 6]);
  expect(ahead(1_240)).toBe(0);
});

it('are not looked ahead of while none becomes free', () => {
  expect(aheadAfter(60, 40)(5_000)).toBe(0);
});

it('are looked ahead of by no more than there are', () => {
  expect(aheadAfter(500, 40)(1_140)).toBe(10);
});

it('are not looked ahead of where they are taken for long: those of a burst become free together', () => {
  expect(aheadAfter(60, 101)(1_201)).toBe(0);
  expect(aheadAfter(60, 100)(1_200)).toBe(6);
});

it('are not looked ahead of where grants may not wait', () => {
  expect(aheadAfter(60, 40, { looksAhead: false })(1_140)).toBe(0);
});
