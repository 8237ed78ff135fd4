import { expect, it } from 'vitest';
import type { Snapshot } from '../../demo/snapshot.ts';
import { frame, plainLine } from '../../demo/view.ts';

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
  enqueued: 1_803,
  tally: {
    finals: 1_702,
    delivered: 1_001,
    presumed: 17,
    confirmed: 12,
    suppressed: { quota: 500, ineligible: 101 },
    dead: { bad_recipient: 100 },
    retried: 41,
    repeated: 0,
  },
  perSecond: 149.6,
  channels: [
    {
      channel: 'kongregate',
      queue: { ready: 50, active: 9, waiting_slot: 23, retrying: 6 },
      resting: null,
      stopped: null,
    },
    { channel: 'zulip', queue: { ready: 10, active: 1, waiting_slot: 2 }, resting: null, stopped: null },
  ],
  platforms: { kongregate: taken(1_004), zulip: taken(120), discourse: taken(119), usercom: taken(118) },
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
  expect(text).toMatch(/delivered +1,001 .*presumed 17, confirmed 12, retried 41/);
  expect(text).toMatch(/suppressed +601 .*quota 500, ineligible 101/);
  expect(text).toMatch(/under way +101 .*ready 60, active 10, slot 25, retry 6/);
  expect(text).toMatch(/worker 2 +pid 4002 +killed +400 attempts/);
  expect(text).toContain('accepted     Kongregate 1,004, Zulip 120, Discourse 119, User.com 118');
  expect(text).toMatch(/twice +0 +people with two messages/);
});

it('counts who has two on whatever platform', () => {
  const twice = { ...snapshot.platforms, zulip: taken(120, 2), usercom: taken(118, 1) };
  expect(plainLine({ ...snapshot, platforms: twice })).toMatch(/people with two 3$/);
});

it('names the channel that rests', () => {
  const [kongregate, zulip] = snapshot.channels;
  const resting = { reason: 'rate_limited', until: 0 } as const;
  const text = frame({ ...snapshot, channels: [kongregate!, { ...zulip!, resting }] }, (_, plain) => plain);
  expect(text).toMatch(/under way +101 .*zulip rests: rate_limited/);
});

it('says it in one line where nothing can be redrawn', () => {
  expect(plainLine(snapshot)).toBe(
    ' 12.3 s  enqueued 1803, delivered 1001, suppressed 601, dead 100, under way 101, 150/s, workers 1 of 2, ' +
      'people with two 0',
  );
});
