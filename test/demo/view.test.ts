import { expect, it } from 'vitest';
import { frame, plainLine, type Snapshot } from '../../demo/view.ts';

const taken = (accepted: number, acceptedMoreThanOnce = 0) => ({
  calls: accepted,
  accepted,
  results: {},
  faults: {},
  acceptedMoreThanOnce,
});

const snapshot: Snapshot = {
  elapsedMs: 12_345,
  planned: 2_404,
  begun: 1_803,
  tally: {
    finals: 1_702,
    delivered: 1_001,
    presumed: 17,
    confirmed: 12,
    suppressed: { quota: 500, ineligible: 101 },
    dead: { bad_recipient: 100 },
    retried: 41,
  },
  platforms: { kongregate: taken(1_004), zulip: taken(120), discourse: taken(119), usercom: taken(118) },
  workers: [
    { name: 'worker 1', pid: 4_001, state: 'delivering', pickups: 900 },
    { name: 'worker 2', pid: 4_002, state: 'killed', pickups: 400 },
  ],
  news: [{ atMs: 4_000, text: 'kill -9 of worker 2: its jobs are redelivered after 15 to 19 s' }],
};

it('fits 80 columns and shows every figure', () => {
  const text = frame(snapshot, (_, plain) => plain);
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(text).toMatch(/enqueued +1,803 +█{12}░{4} +of 2,404/);
  expect(text).toMatch(/delivered +1,001 .*presumed 17, confirmed 12, retried 41/);
  expect(text).toMatch(/suppressed +601 .*quota 500, ineligible 101/);
  expect(text).toMatch(/under way +101 /);
  expect(text).toMatch(/worker 2 +pid 4002 +killed +400 jobs picked up/);
  expect(text).toContain('accepted     Kongregate 1,004, Zulip 120, Discourse 119, User.com 118');
  expect(text).toMatch(/twice +0 +people with two messages/);
});

it('counts who has two on whatever platform', () => {
  const twice = { ...snapshot.platforms, zulip: taken(120, 2), usercom: taken(118, 1) };
  expect(plainLine({ ...snapshot, platforms: twice })).toMatch(/people with two 3$/);
});

it('says it in one line where nothing can be redrawn', () => {
  expect(plainLine(snapshot)).toBe(
    ' 12.3 s  enqueued 1803, delivered 1001, suppressed 601, dead 100, under way 101, workers 1 of 2, ' +
      'people with two 0',
  );
});
