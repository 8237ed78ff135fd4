import type { QueueCounts } from '../jobs/channel-queue.ts';
import type { CampaignTotals, ChannelState, Waits } from '../ledger/channel-state.ts';
import type { CampaignStatus, DeadReason } from '../outcome.ts';

/** Combines the samples of a channel's stores: figures add up; what holds for the whole channel is its home's, which comes first. Pure. */

type DeadLetters = NonNullable<ChannelState['letters'][DeadReason]>;

export function combineStates(states: readonly ChannelState[]): ChannelState {
  const home = states[0]!;
  if (states.length === 1) return home;
  const sum = (figure: (state: ChannelState) => number): number => total(states.map(figure));
  // Field by field, so that the compiler asks of a new one what it is for a channel over shards.
  return {
    now: home.now,
    stopped: home.stopped,
    resting: home.resting,
    breaker: home.breaker,
    probing: home.probing,
    rateAheadMs: home.rateAheadMs,
    policy: home.policy,
    waits: merge(
      states.map(({ waits }) => waits),
      addWaits,
    ),
    more: {
      all: sum(({ more }) => more.all),
      active: sum(({ more }) => more.active),
      scheduled: sum(({ more }) => more.scheduled),
    },
    letters: merge(
      states.map(({ letters }) => letters),
      addLetters,
    ),
    campaigns: combineCampaigns(states.slice(1).map(({ campaigns }) => campaigns)),
    doubts: sum(({ doubts }) => doubts),
    slots: { held: sum(({ slots }) => slots.held), spent: sum(({ slots }) => slots.spent) },
    oldestReady: states.flatMap(({ oldestReady }) => oldestReady),
    totals: merge(
      states.map(({ totals }) => totals),
      (a, b) => a + b,
    ),
  };
}

export function combineCounts(counts: readonly QueueCounts[]): QueueCounts {
  const sum = (figure: (each: QueueCounts) => number): number => total(counts.map(figure));
  return {
    ready: sum(({ ready }) => ready),
    active: sum(({ active }) => active),
    delayed: sum(({ delayed }) => delayed),
    overdue: sum(({ overdue }) => overdue),
    failed: sum(({ failed }) => failed),
    paused: counts.some(({ paused }) => paused),
    // The rate is the channel's: if one queue rests for it, workers that pick up nothing are not stuck.
    resting: counts.some(({ resting }) => resting),
  };
}

const total = (figures: readonly number[]): number => figures.reduce((sum, figure) => sum + figure, 0);

function merge<K extends string, T>(
  all: readonly Partial<Record<K, T>>[],
  add: (a: T, b: T) => T,
): Partial<Record<K, T>> & Record<string, T> {
  const merged: Record<string, T> = {};
  for (const each of all)
    for (const [key, value] of Object.entries(each) as [string, T][])
      merged[key] = key in merged ? add(merged[key]!, value) : value;
  return merged as Partial<Record<K, T>> & Record<string, T>;
}

const addWaits = (a: Waits, b: Waits): Waits => ({
  count: a.count + b.count,
  since: Math.min(a.since, b.since),
});

const addLetters = (a: DeadLetters, b: DeadLetters): DeadLetters => {
  const older = a.oldest <= b.oldest ? a : b;
  return { ...older, count: a.count + b.count };
};

/**
 * Every shard has all campaigns: they are listed, paused and cancelled together. Of the others, a campaign is done when no shard has
 * anything left of it, so no more are done than in the shard with the fewest.
 */
function combineCampaigns(all: readonly CampaignTotals[]): CampaignTotals {
  const most = (state: CampaignStatus): number => Math.max(...all.map(({ states }) => states[state] ?? 0));
  const known = Math.max(...all.map(({ states }) => total(Object.values(states))));
  const [listing, paused, cancelled] = [most('listing'), most('paused'), most('cancelled')];
  const least = Math.min(...all.map(({ states }) => states.done ?? 0));
  const done = Math.min(least, Math.max(0, known - listing - paused - cancelled));
  const running = Math.max(0, known - listing - paused - cancelled - done);
  const states = Object.entries({ listing, running, paused, cancelled, done }).filter(
    ([, count]) => count > 0,
  );
  return {
    states: Object.fromEntries(states),
    waiting: total(all.map(({ waiting }) => waiting)),
    underWay: total(all.map(({ underWay }) => underWay)),
    paused: total(all.map(({ paused }) => paused)),
  };
}
