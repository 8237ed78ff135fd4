import { expect, it } from 'vitest';
import { combineCounts, combineStates } from '../../src/channels/combine-samples.ts';
import type { QueueCounts } from '../../src/jobs/channel-queue.ts';
import type { ChannelState } from '../../src/ledger/channel-state.ts';

const stateOf = (fields: Partial<ChannelState> = {}): ChannelState => ({
  ...{ now: 1_000, stopped: null, resting: null, breaker: 'closed', probing: false, rateAheadMs: 0 },
  ...{ waits: {}, more: { all: 0, active: 0, scheduled: 0 }, letters: {}, doubts: 0 },
  campaigns: { states: {}, waiting: 0, underWay: 0, paused: 0 },
  ...{ slots: { held: 0, spent: 0 }, policy: null, oldestReady: [], totals: {} },
  ...fields,
});

const countsOf = (fields: Partial<QueueCounts> = {}): QueueCounts => ({
  ...{ ready: 0, active: 0, delayed: 0, overdue: 0, failed: 0, paused: false, resting: false },
  ...fields,
});

it('leaves the only store of a channel as it is', () => {
  const only = stateOf({ doubts: 3 });
  expect(combineStates([only])).toBe(only);
});

it('adds up what the stores have, and takes from the home what holds for the channel', () => {
  const stopped = { reason: 'paused', at: 7 } as const;
  const combined = combineStates([
    stateOf({ stopped, breaker: 'open', rateAheadMs: 40, letters: { bad_request: letters(1, 50) } }),
    stateOf({ waits: { retry: { count: 2, since: 30 } }, doubts: 1, totals: { enqueued: 5 } }),
    stateOf({
      ...{ waits: { retry: { count: 3, since: 20 } }, doubts: 2, totals: { enqueued: 6, dealt: 1 } },
      ...{ letters: { bad_request: letters(4, 40) }, slots: { held: 1, spent: 9 } },
    }),
  ]);
  expect(combined).toMatchObject({
    ...{ stopped, breaker: 'open', rateAheadMs: 40, doubts: 3, slots: { held: 1, spent: 9 } },
    waits: { retry: { count: 5, since: 20 } },
    letters: { bad_request: letters(5, 40) },
    totals: { enqueued: 11, dealt: 1 },
  });
});

const letters = (count: number, oldest: number) => ({ count, oldest, since: oldest - 1 });

it('counts a campaign once, which every shard has, and as done where it is in all of them', () => {
  const shard = (states: ChannelState['campaigns']['states'], waiting: number) =>
    stateOf({ campaigns: { states, waiting, underWay: 1, paused: 0 } });
  const of = (...shards: ChannelState[]) => combineStates([stateOf(), ...shards]).campaigns;
  expect(of(shard({ running: 1, done: 1 }, 5), shard({ done: 2 }, 0))).toEqual({
    ...{ states: { running: 1, done: 1 }, waiting: 5, underWay: 2, paused: 0 },
  });
  expect(of(shard({ paused: 1, done: 1 }, 5), shard({ paused: 1, done: 1 }, 2)).states).toEqual({
    ...{ paused: 1, done: 1 },
  });
  // It has nothing left in one shard, and is paused in the other.
  expect(of(shard({ paused: 1 }, 5), shard({ done: 1 }, 0)).states).toEqual({ paused: 1 });
});

it('takes a channel for paused or resting where a queue of it is', () => {
  expect(combineCounts([countsOf({ ready: 1 }), countsOf({ ready: 2, resting: true })])).toEqual(
    countsOf({ ready: 3, resting: true }),
  );
  expect(combineCounts([countsOf(), countsOf({ paused: true })]).paused).toBe(true);
});
