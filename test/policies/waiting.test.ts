import { describe, expect, it } from 'vitest';
import type { Disposition } from '../../src/outcome.ts';
import { recheckMs, returnMs, waitOf, withinLife } from '../../src/policies/waiting.ts';

describe('recheckMs', () => {
  const at = (chance: number, waitMs: number, pickups: number) => recheckMs(waitMs, pickups, () => chance);

  it('looks soon and then ever later, at least every quarter of a minute', () => {
    expect([1, 2, 3, 4, 5].map((pickups) => at(1, 600_000, pickups))).toEqual([200, 400, 800, 1_600, 3_200]);
    const longest = at(1, 600_000, 50);
    expect(longest).toBeGreaterThan(3_200);
    expect(longest).toBeLessThanOrEqual(15_000);
    expect(at(1, 600_000, 5_000)).toBe(longest);
  });

  it('spreads the looks over the later half of each delay', () => {
    expect(at(0, 600_000, 4)).toBe(800);
    expect(at(0.5, 600_000, 4)).toBe(1_200);
  });

  it('does not wait much longer than the send that it waits for may last', () => {
    expect(at(1, 1_000, 20)).toBe(1_200);
    expect(at(1, 0, 20)).toBe(200);
  });

  it('never comes back at once', () => {
    expect(at(0, 0, 1)).toBeGreaterThan(0);
  });
});

describe('returnMs', () => {
  it('never comes before the moment', () => {
    for (const waitMs of [0, 1, 999.5, 86_400_000]) {
      expect(returnMs(waitMs, () => 0)).toBeGreaterThan(waitMs);
    }
  });

  it('spreads the comers over a tenth of the wait, at most a minute', () => {
    expect(returnMs(10_000, () => 1)).toBe(11_001);
    expect(returnMs(86_400_000, () => 1)).toBe(86_460_001);
  });
});

const HANDED_BACK: Disposition = { kind: 'hand_back' };
const retry = (delayMs: number): Disposition => ({ kind: 'retry', delayMs });
const wait = (delayMs: number): Disposition => ({
  kind: 'wait',
  reason: 'slot_busy',
  cause: 'proof',
  delayMs,
});

it('no message waits beyond its life', () => {
  expect(withinLife(retry(7), 10)).toEqual(retry(7));
  expect(withinLife(retry(70), 10)).toEqual(retry(10));
  expect(withinLife(wait(70), -10)).toEqual(wait(1));
  expect(withinLife(HANDED_BACK, 10)).toEqual(HANDED_BACK);
});

it('the gauges are told of what waits by itself, and until when', () => {
  expect(waitOf(retry(7), 5, 100)).toEqual({ cause: 'retry', untilMs: 107, since: 5 });
  expect(waitOf(wait(7), 5, 100)).toEqual({ cause: 'proof', untilMs: 107, since: 5 });
  expect(waitOf(HANDED_BACK, 5, 100)).toBeUndefined();
});
