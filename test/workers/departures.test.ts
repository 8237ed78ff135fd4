import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Moments, RateLease } from '../../src/ledger/rate-lease.ts';
import { createDepartures, type DepartureRequest } from '../../src/workers/departures.ts';

const INTERVAL = 100;
const TOLERANCE = 12;

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
});
afterEach(() => {
  vi.useRealTimers();
});

/** The channel's rate, and what left when. */
function opened(take?: RateLease['take'], interval = INTERVAL) {
  let next = 0;
  let blockedUntil = 0;
  // What ran out during a block, runs at its end.
  const now = (): number => Math.max(Date.now(), blockedUntil);
  let taken = 0;
  const left: [name: string, at: number][] = [];
  const givenBack: string[] = [];
  const closing = new AbortController();
  const granted = (count = 1): number => {
    const moment = Math.max(next, now());
    next = moment + count * interval;
    return moment;
  };
  const rate = {
    async take(count: number, aheadMs: number) {
      taken += count;
      const moments: number[] = [];
      while (moments.length < count && Math.max(next, now()) <= now() + aheadMs) moments.push(granted());
      return { moments, nextAt: Math.max(next, now()) };
    },
    async giveUp(moments: readonly number[]) {
      for (const each of moments.toReversed()) if (next === each + interval) next = each;
    },
    ...(take && { take }),
  };
  const departures = createDepartures({
    rate,
    margin: {
      spacing: () => ({ interval, widen: 0, keep: 1 }),
      tolerance: () => TOLERANCE,
      note() {},
    },
    clock: { monotonic: () => now() },
  });
  function ask(name: string, fields: Partial<DepartureRequest> = {}): void {
    const moment = fields.moment ?? granted(fields.requests);
    const request = { requests: 1, latestAt: moment + 1_000, aheadMs: 1_000, signal: closing.signal };
    void departures.mayLeave({ ...request, ...fields, moment }).then((leaves) => {
      if (leaves) left.push([name, now()]);
      else givenBack.push(name);
    });
  }
  const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
  async function block(ms: number): Promise<void> {
    blockedUntil = Date.now() + ms;
    await pass(ms);
  }
  const close = (): void => {
    closing.abort();
    departures.look();
  };
  return { ask, block, pass, close, left, givenBack, granted, taken: () => taken };
}

describe('requests that wait for their moment', () => {
  it('leave at it, at once where it has come', async () => {
    const { ask, pass, left, taken } = opened();
    for (const name of ['a', 'b', 'c']) ask(name);
    await pass(0);
    expect(left).toEqual([['a', 0]]);
    await pass(250);
    expect(left).toEqual([
      ['a', 0],
      ['b', 100],
      ['c', 200],
    ]);
    expect(taken()).toBe(0);
  });

  it('leave by moments of their own only, however long the event loop was blocked', async () => {
    const { ask, block, pass, left, givenBack, granted, taken } = opened();
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) ask(name);
    await pass(0);
    // Another process has the next moment.
    expect(granted()).toBe(600);
    await block(350);
    await pass(2_000);
    const [, ...others] = left;
    expect(others).toEqual([
      ['b', 400],
      ['c', 500],
      ['d', 700],
      ['e', 800],
      ['f', 900],
    ]);
    expect([taken(), givenBack]).toEqual([3, []]);
  });

  it('may be a little late', async () => {
    const { ask, block, pass, left, taken } = opened();
    ask('a');
    ask('b');
    await pass(0);
    await block(100 + TOLERANCE);
    expect(left).toEqual([
      ['a', 0],
      ['b', 100 + TOLERANCE],
    ]);
    expect(taken()).toBe(0);
  });

  it('give their grants back where these end before there is another moment', async () => {
    const { ask, block, pass, left, givenBack } = opened();
    for (const name of ['a', 'b', 'c']) ask(name, { latestAt: 250 });
    await pass(0);
    await block(240);
    await pass(1_000);
    expect(left).toEqual([['a', 0]]);
    expect(givenBack).toEqual(['b', 'c']);
  });

  it('ask again where the rate has no moment so soon', async () => {
    const { ask, block, pass, left, granted } = opened();
    granted(13);
    await block(50);
    ask('a', { moment: 0, latestAt: 2_000 });
    await pass(2_000);
    expect(left).toEqual([['a', 1_300]]);
  });

  it('leave also where each answer of the store is read so late that the moment it gave has passed', async () => {
    let free = 0;
    const late = async (_count: number, _aheadMs: number, fromMs: number): Promise<Moments> => {
      free = Math.max(free, Date.now() + fromMs);
      const moment = free;
      free += INTERVAL;
      await new Promise((read) => setTimeout(read, 150));
      return { moments: [moment], nextAt: free };
    };
    const { ask, pass, left, givenBack } = opened(late);
    await pass(1_000);
    ask('a', { moment: 850 });
    await pass(2_000);
    expect([left, givenBack]).toEqual([[['a', 1_150]], []]);
  });

  it('of two requests take two moments', async () => {
    const { ask, pass, left } = opened();
    ask('two', { requests: 2 });
    ask('one');
    await pass(1_000);
    expect(left).toEqual([
      ['two', 0],
      ['one', 200],
    ]);
  });

  it('are given back where the rate cannot be asked', async () => {
    const { ask, block, pass, left, givenBack } = opened(() => Promise.reject(new Error('redis is away')));
    ask('a', { moment: 50 });
    ask('b', { moment: 150 });
    await block(100);
    await pass(500);
    expect(left).toEqual([['a', 150]]);
    expect(givenBack).toEqual(['b']);
  });

  it('are given back at once by a worker that closes, and no timer is left', async () => {
    const { ask, pass, close, left, givenBack } = opened();
    for (const name of ['a', 'b', 'c']) ask(name);
    await pass(0);
    close();
    expect(vi.getTimerCount()).toBe(0);
    await pass(1_000);
    expect(left).toEqual([['a', 0]]);
    expect(givenBack).toEqual(['b', 'c']);
  });
});

describe('requests at a rate of one moment an hour', () => {
  const HOUR = 3_600_000;

  it('leave at once where they missed theirs, and the next is an hour later', async () => {
    const { ask, block, pass, left, givenBack, granted } = opened(undefined, HOUR);
    const moment = granted();
    await block(600);
    ask('a', { moment });
    await pass(0);
    expect([left, givenBack]).toEqual([[['a', 600]], []]);
    expect(granted()).toBe(600 + HOUR);
  });

  it('leave the moment to the next grant where this one ended before', async () => {
    const { ask, block, pass, left, givenBack, granted } = opened(undefined, HOUR);
    const moment = granted();
    await block(5_000);
    ask('a', { moment, latestAt: 2_000 });
    await pass(0);
    expect([left, givenBack]).toEqual([[], ['a']]);
    expect(granted()).toBe(5_000);
  });

  it('leave it to others where the worker closes', async () => {
    const { ask, close, pass, givenBack, granted } = opened(undefined, HOUR);
    granted();
    await pass(HOUR - 500);
    ask('a');
    close();
    await pass(0);
    expect(givenBack).toEqual(['a']);
    expect(granted()).toBe(HOUR);
  });

  it('take none that others may use: behind theirs another was given out', async () => {
    const { ask, block, pass, left, givenBack, granted } = opened(undefined, HOUR);
    const moment = granted();
    const others = granted();
    await block(600);
    ask('a', { moment });
    await pass(5_000);
    expect([left, givenBack]).toEqual([[], ['a']]);
    expect(granted()).toBe(others + HOUR);
  });
});
