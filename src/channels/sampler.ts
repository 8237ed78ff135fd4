import type { Clock } from '../clock.ts';
import { campaignOf } from '../jobs/campaign-content.ts';
import type { ChannelQueue, QueueCounts } from '../jobs/channel-queue.ts';
import type { StoredJob } from '../jobs/stored-jobs.ts';
import { type ChannelState, readChannelState, waitsFor } from '../ledger/channel-state.ts';
import { CAUSES_OF_WAITS } from '../observe/label-sets.ts';
import { type ChannelSample, DEAD_LETTER_REMOVALS, type QueueState } from '../observe/sample.ts';
import { readPolicy } from '../policies/quota-change.ts';
import { windowTable } from '../policies/quota-windows.ts';
import type { ChannelStore } from '../redis/channel-store.ts';
import { combineCounts, combineStates } from './combine-samples.ts';
import { countAliveWorkers } from './heartbeats.ts';
import { holdBack } from './hold-back.ts';

/** A sample with the details that only this process needs. */
export interface TakenSample extends ChannelSample {
  state: ChannelState;
  /** Whether the queue is rate limited or paused, so that workers pick up nothing. */
  limited: boolean;
  /** Whether it was paused in BullMQ, for example from a dashboard. */
  queuePaused: boolean;
}

/** A message that waits on its own, except for a retry, has the state `waiting_slot`, whatever its cause. */
const SLOT_CAUSES = CAUSES_OF_WAITS.filter((cause) => cause !== 'retry');

/** A store of a channel, and its queue. */
export interface SampledStore {
  store: ChannelStore;
  queue: ChannelQueue;
}

/**
 * Samples the state of a channel, for the gauges and `status`, in constant time whatever the length of the queue. Ages are those of
 * the oldest messages; of ready ones, of the oldest that is found without scanning a long queue (`oldest-ready.lua`).
 * @param stores the only one of the channel; or its home, which knows what holds for the channel, and its shards
 */
export async function sampleChannel(
  stores: readonly [SampledStore, ...SampledStore[]],
  clock: Clock,
): Promise<TakenSample> {
  const [home] = stores;
  const parts = await Promise.all(stores.map((each) => samplePart(each, clock)));
  const state = combineStates(parts.map((part) => part.state));
  const counts = combineCounts(parts.map((part) => part.counts));
  return {
    channel: home.store.channel,
    at: state.now,
    state,
    limited: counts.resting || counts.paused,
    queuePaused: counts.paused,
    ...messagesOf(counts, state),
    oldestAgeSeconds: agesOf(parts, state),
    ...deadLettersOf(state),
    campaignTotals: state.campaigns,
    breaker: state.breaker,
    liveWorkers: await countAliveWorkers(home.store, state.now),
    enqueued: state.totals['enqueued'] ?? 0,
    ...quotaOf(state),
    doubts: state.doubts,
    stopped: holdOf(state, counts.paused),
  };
}

/** Messages by state, and what a worker could send of them. Jobs of many count as all of their messages. */
function messagesOf(
  counts: QueueCounts,
  state: ChannelState,
): Pick<ChannelSample, 'queue' | 'ready' | 'waiting' | 'resting'> {
  const { more } = state;
  const readyMore = Math.max(0, more.all - more.active - more.scheduled);
  const ready = counts.ready + readyMore;
  const inHand = counts.active + more.active;
  const waitingSlot = waitsFor(state, SLOT_CAUSES)?.count ?? 0;
  const retrying = state.waits.retry?.count ?? 0;
  return {
    queue: {
      ready,
      active: inHand,
      scheduled: Math.max(0, counts.delayed - waitingSlot - retrying) + more.scheduled,
      waiting_slot: waitingSlot,
      retrying,
      dead: Object.values(state.letters).reduce((sum, letter) => sum + letter.count, 0),
    },
    ...holdBack({ ...state, queuePaused: counts.paused }, { due: ready + counts.overdue, inHand }),
  };
}

function agesOf(parts: readonly Part[], state: ChannelState): ChannelSample['oldestAgeSeconds'] {
  const age = (since: number | undefined): number | undefined => ageSeconds(state.now, since);
  return defined({
    ready: longest(parts.map((part) => part.readySeconds)),
    active: longest(parts.map((part) => part.activeSeconds)),
    waiting_slot: age(waitsFor(state, SLOT_CAUSES)?.since),
    retrying: age(state.waits.retry?.since),
    dead: age(oldestLetter(state)?.since),
  });
}

function deadLettersOf(
  state: ChannelState,
): Pick<ChannelSample, 'deadLetters' | 'oldestDeadLetterAgeSeconds' | 'removedDeadLetters'> {
  return {
    deadLetters: Object.fromEntries(
      Object.entries(state.letters).map(([reason, { count }]) => [reason, count]),
    ),
    oldestDeadLetterAgeSeconds: ageSeconds(state.now, oldestLetter(state)?.oldest) ?? 0,
    removedDeadLetters: Object.fromEntries(
      DEAD_LETTER_REMOVALS.map((how) => [how, state.totals[`removed:${how}`] ?? 0]),
    ),
  };
}

const oldestLetter = ({ letters }: ChannelState) =>
  Object.values(letters).sort((a, b) => a.oldest - b.oldest)[0];

interface Part {
  counts: QueueCounts;
  state: ChannelState;
  readySeconds: number | undefined;
  activeSeconds: number | undefined;
}

async function samplePart({ store, queue }: SampledStore, clock: Clock): Promise<Part> {
  const [counts, state, active] = await Promise.all([
    queue.counts(clock.now()),
    readChannelState(store),
    queue.longestActive(),
  ]);
  const [readySince, activeSince] = await Promise.all([
    earliestDue(state.oldestReady, { store, queue }),
    active && dueSinceOf(active, store),
  ]);
  return {
    ...{ counts, state },
    readySeconds: ageSeconds(state.now, readySince),
    activeSeconds: ageSeconds(state.now, activeSince),
  };
}

const ageSeconds = (now: number, since: number | undefined): number | undefined =>
  since === undefined ? undefined : Math.max(0, now - since) / 1000;

function longest(ages: readonly (number | undefined)[]): number | undefined {
  const known = ages.filter((age) => age !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

/** The slots by the policy in force, whatever this process is configured with. */
function quotaOf({ policy, slots, now }: ChannelState): Pick<ChannelSample, 'slots' | 'windowEndsAt'> {
  const quota = readPolicy(policy ?? 'null')?.quota;
  if (!quota) return { slots: undefined, windowEndsAt: undefined };
  const calendar = quota.boundary === 'calendar';
  return { slots, windowEndsAt: calendar ? windowTable(quota, now).find((start) => start > now) : undefined };
}

const holdOf = ({ stopped }: ChannelState, queuePaused: boolean): ChannelSample['stopped'] => {
  if (stopped) return { reason: stopped.reason, at: stopped.at };
  return queuePaused ? { reason: 'queue_paused' } : null;
};

function defined(ages: Partial<Record<QueueState, number | undefined>>): Partial<Record<QueueState, number>> {
  return Object.fromEntries(Object.entries(ages).filter(([, age]) => age !== undefined));
}

/** Reads the data of jobs that do not say since when they are due. */
async function earliestDue(
  jobs: ChannelState['oldestReady'],
  { store, queue }: SampledStore,
): Promise<number | undefined> {
  const instants = await Promise.all(
    jobs.map(async ({ id, since, sure }) => {
      const job = sure ? undefined : (await queue.read([id]))[0];
      return job ? await dueSinceOf(job, store) : since;
    }),
  );
  return instants.length === 0 ? undefined : Math.min(...instants);
}

/** The instant since which the message is due: the later of its enqueue and its `sendAt`. */
async function dueSinceOf(job: StoredJob, { redis, keys }: ChannelStore): Promise<number> {
  const campaign = campaignOf(job);
  const sendAt =
    campaign === undefined ? sendAtOf(job.text) : Number(await redis.hget(keys.campaign(campaign), 'sendAt'));
  return Math.max(job.timestamp, sendAt);
}

function sendAtOf(text: string): number {
  const at = /"sendAt":"([^"]{1,40})"/.exec(text)?.[1];
  const time = at === undefined ? Number.NaN : Date.parse(at);
  return Number.isNaN(time) ? 0 : time;
}
