import { expect, it } from 'vitest';
import { planMessages } from '../../../src/cli/demo/message-plan.ts';
import type { Snapshot } from '../../../src/cli/demo/snapshot.ts';
import { frame, plainLine } from '../../../src/cli/demo/view.ts';

const snapshot: Snapshot = {
  elapsedMs: 12_345,
  planned: 2_404,
  enqueued: 1_803,
  tally: {
    finals: 1_702,
    delivered: 1_001,
    presumed: 17,
    suppressed: { quota: 500, ineligible: 101 },
    dead: { bad_recipient: 100 },
    retried: 41,
    repeated: 0,
  },
  perSecond: 149.6,
  channel: { queue: { ready: 60, active: 10, waiting_slot: 25, retrying: 6 }, resting: null, stopped: null },
  platform: { calls: 1_300, accepted: 1_004, results: {}, faults: {}, acceptedMoreThanOnce: 0 },
  workers: [
    { name: 'worker 1', pid: 4_001, state: 'delivering', attempts: 900 },
    { name: 'worker 2', pid: 4_002, state: 'killed', attempts: 400 },
  ],
  news: [{ atMs: 4_000, text: 'kill -9 of worker 2: its work comes back after 15 to 19 s' }],
  latest: '10042-a, attempt 1: unknown, connection_lost; then retry in 1.2 s',
};

it('fits 80 columns and shows every figure', () => {
  const text = frame(snapshot, (_, plain) => plain);
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(text).toMatch(/enqueued +1,803 +█{12}░{4} +of 2,404/);
  expect(text).toMatch(/delivered +1,001 .*presumed 17, retried 41/);
  expect(text).toMatch(/suppressed +601 .*quota 500, ineligible 101/);
  expect(text).toMatch(/under way +101 .*ready 60, active 10, slot 25, retry 6/);
  expect(text).toMatch(/worker 2 +pid 4002 +killed +400 attempts/);
  expect(text).toContain('players with two: 0');
});

it('says it in one line where nothing can be redrawn', () => {
  expect(plainLine(snapshot)).toBe(
    ' 12.3 s  enqueued 1803, delivered 1001, suppressed 601, dead 100, under way 101, 150/s, workers 1 of 2, ' +
      'players with two 0',
  );
});

it('plans two messages for most players, some of whom did not play or are unknown, in order', () => {
  const plan = planMessages();
  const users = plan.map(({ message }) => String((message.to as { userId: number }).userId));
  const players = [...new Set(users)];
  expect(plan.length).toBeGreaterThan(1_500);
  expect(plan.length).toBeLessThan(2_500);
  expect(new Set(plan.map(({ message }) => message.id)).size).toBe(plan.length);
  expect(plan.length - players.length).toBeGreaterThan(players.length / 2);
  for (const digit of ['7', '0']) expect(players.filter((id) => id.endsWith(digit))).toHaveLength(150);
  expect(plan.map(({ atMs }) => atMs)).toEqual(plan.map(({ atMs }) => atMs).toSorted((a, b) => a - b));
});
