import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Departure, depart, intervalMs, marginsMs, toleranceMs } from '../../src/policies/rate.ts';

const SECOND = 1_000;
const AHEAD_MS = SECOND;

it.each([
  [{ max: 10, perMs: SECOND }, 102, 12],
  [{ max: 400, perMs: SECOND }, 2.55, 12],
  [{ max: 1, perMs: SECOND }, 1_020, 12],
  [{ max: 60, perMs: 60 * SECOND }, 60_500 / 60, 300],
  [{ max: 100_000, perMs: 86_400 * SECOND }, 864.005, 300],
  [{ max: 5, perMs: 100 }, 20.4, 6],
])('%o: %d ms between moments, each of which holds for %d ms', (rate, interval, tolerance) => {
  expect(intervalMs({ rate })).toBeCloseTo(interval);
  expect(toleranceMs(marginsMs(rate)[0])).toBeCloseTo(tolerance);
});

it('a channel without a rate has no moments', () => {
  expect(intervalMs({ rate: null })).toBeUndefined();
});

const departure = (moment: number, latestAt = moment + SECOND, requests = 1): Departure => ({
  ...{ moment, latestAt, requests },
});
const LIMITS = { tolerance: () => 10, asked: 0, noneBefore: 0 };

describe('who leaves by which moment', () => {
  const [first, second, third] = [departure(100), departure(200), departure(300)];
  const all = [first, second, third];

  it('a request leaves at its moment, and not before', () => {
    expect(depart(all, [100, 200, 300], 99, LIMITS)).toMatchObject({ leaving: [], missing: 0 });
    const now = depart(all, [100, 200, 300], 100, LIMITS);
    expect(now).toEqual({
      leaving: [first],
      late: [],
      waiting: [second, third],
      moments: [200, 300],
      ...{ used: [100], passed: [], missing: 0 },
    });
  });

  it('a moment that passed is given up; those behind it move up, and one more is needed', () => {
    const now = depart(all, [100, 200, 300], 205, LIMITS);
    expect(now).toMatchObject({
      leaving: [first],
      waiting: [second, third],
      moments: [300],
      passed: [100],
      missing: 1,
    });
    expect(depart(all, [100, 200, 300], 205, { ...LIMITS, asked: 1 }).missing).toBe(0);
  });

  it('a request of two takes two', () => {
    const two = departure(100, 1_100, 2);
    const now = depart([two, third], [100, 150, 300], 101, LIMITS);
    expect(now).toMatchObject({ leaving: [two], waiting: [third], moments: [300] });
    expect(depart([two, third], [100], 101, LIMITS)).toMatchObject({ leaving: [], missing: 2 });
  });

  it('a grant that ends is given back, and leaves its moment to the others', () => {
    const ending = departure(100, 250);
    const now = depart([ending, second], [260, 300], 260, LIMITS);
    expect(now).toMatchObject({ late: [ending], leaving: [second], moments: [300], missing: 0 });
  });

  it('a grant that ends before the store has another moment is given back at once', () => {
    const slow = departure(100, 900);
    const now = depart([slow, second], [], 250, { ...LIMITS, noneBefore: 1_000 });
    expect(now).toMatchObject({ late: [slow], waiting: [second], missing: 1 });
  });
});

/** One process: its grants, its moments, and the turns of an event loop that may be late by anything. */
interface Process {
  waiting: Departure[];
  moments: number[];
}

it('whatever the delays of any number of processes, no window holds more than the rate', () => {
  const turn = fc.record({
    process: fc.nat(2),
    // Since the turn before, of any of them.
    after: fc.oneof({ weight: 4, arbitrary: fc.nat(30) }, { weight: 1, arbitrary: fc.nat(400) }),
    granted: fc.nat(6),
  });
  const scene = fc.record({
    max: fc.integer({ min: 1, max: 40 }),
    perMs: fc.constantFrom(500, SECOND, 3_000),
    turns: fc.array(turn, { minLength: 20, maxLength: 300 }),
  });
  fc.assert(
    fc.property(scene, ({ max, perMs, turns }) => {
      const rate = { max, perMs };
      const tolerance = toleranceMs(marginsMs(rate)[0]);
      const limits = { ...LIMITS, tolerance: () => tolerance };
      const interval = intervalMs({ rate })!;
      const processes: Process[] = Array.from({ length: 3 }, () => ({ waiting: [], moments: [] }));
      const left: number[] = [];
      let [now, next] = [0, 0];
      const take = (): number | undefined => {
        if (next > now + AHEAD_MS) return undefined;
        const moment = Math.max(now, next);
        next = moment + interval;
        return moment;
      };
      for (const { process, after, granted } of turns) {
        now += after;
        const own = processes[process]!;
        for (let i = 0; i < granted; i++) {
          const moment = take();
          if (moment === undefined) break;
          own.waiting.push(departure(moment));
          own.moments.push(moment);
        }
        own.moments.sort((a, b) => a - b);
        const decided = depart(own.waiting, own.moments, now, limits);
        left.push(...decided.leaving.map(() => now));
        own.waiting = decided.waiting;
        own.moments = decided.moments;
        for (let i = 0; i < decided.missing; i++) {
          const moment = take();
          if (moment !== undefined) own.moments.push(moment);
        }
      }
      for (let i = max; i < left.length; i++)
        expect(left[i]! - left[i - max]!, `${max + 1} within`).toBeGreaterThanOrEqual(perMs);
    }),
    { numRuns: 300 },
  );
});
