import type {
  BreakerState,
  CampaignStatus,
  DeadReason,
  RestReason,
  StopReason,
  WaitCause,
} from '../outcome.ts';
import { CAMPAIGN_STATES, DEAD_REASONS } from '../outcome.ts';
import type { ChannelStore } from '../redis/channel-store.ts';
import { loadScript } from './script.ts';

/** What holds for a whole channel, and the figures that only the ledger has. Times in milliseconds, store's clock. */
export interface ChannelState {
  now: number;
  stopped: { reason: StopReason; at: number } | null;
  resting: { reason: RestReason; until: number } | null;
  breaker: BreakerState;
  /** Whether the breaker is half open and its probe is under way. */
  probing: boolean;
  /** How far ahead the channel's rate has been granted already, milliseconds. */
  rateAheadMs: number;
  /** Messages that wait for a moment still to come, by cause. */
  waits: Partial<Record<WaitCause, Waits>>;
  /** How many more messages than jobs there are, in all, in jobs that workers hold, and in jobs whose time is still to come. */
  more: { all: number; active: number; scheduled: number };
  /**
   * Dead letters by reason, with the time of the oldest death and since when that message was waited for. Reasons without
   * any are left out.
   */
  letters: Partial<Record<DeadReason, { count: number; oldest: number; since: number }>>;
  campaigns: CampaignTotals;
  /** How many messages have a send in doubt. */
  doubts: number;
  /** Slots of the windows that are open. */
  slots: { held: number; spent: number };
  /** The oldest jobs that are ready, in order; `sure` if a job is due since then, and not only since a later `sendAt`. */
  oldestReady: { id: string; since: number; sure: boolean }[];
  /** What slots mean, as text; null where nothing is in force yet. */
  policy: string | null;
  /** What the scripts count since the channel's first message, by name: `enqueued` … */
  totals: Record<string, number>;
}

/** Campaigns by state, and their messages that have not ended: not yet tried, or under way. */
export interface CampaignTotals {
  states: Partial<Record<CampaignStatus, number>>;
  waiting: number;
  underWay: number;
  /** Of both, those of paused campaigns. */
  paused: number;
}

/** How many messages wait, and the oldest one's due time. */
export interface Waits {
  count: number;
  since: number;
}

/** The waits for any of the causes together; undefined if there are none. */
export function waitsFor(
  { waits }: Pick<ChannelState, 'waits'>,
  causes: readonly WaitCause[],
): Waits | undefined {
  const found = causes.flatMap((cause) => waits[cause] ?? []);
  if (found.length === 0) return undefined;
  return {
    count: found.reduce((sum, { count }) => sum + count, 0),
    since: Math.min(...found.map(({ since }) => since)),
  };
}

const sampleScript = loadScript('sample.lua');
const controlScript = loadScript('control.lua');

type SampleReply = [
  now: string,
  stop: StopReason | null,
  stopAt: string | null,
  restReason: RestReason | null,
  restUntil: string | null,
  waits: [WaitCause | 'more', number, string][],
  letters: [DeadReason, number, string, string][],
  more: [all: number, active: number],
  campaigns: [waiting: number, underWay: number, ...states: (string | number)[]],
  hold: [opens: number, probing: 0 | 1, rateAheadMs: number, paused: number, doubts: number],
  totals: string[],
  slots: [held: number, spent: number, policy: string | null],
  oldest: [id: string, since: string, sure: 0 | 1][],
];

export async function readChannelState(store: ChannelStore): Promise<ChannelState> {
  const reply = await store.run(sampleScript, [JSON.stringify(DEAD_REASONS)]);
  const [
    now,
    stop,
    stopAt,
    restReason,
    restUntil,
    waits,
    letters,
    more,
    campaigns,
    hold,
    totals,
    slots,
    oldest,
  ] = reply as SampleReply;
  const [opens, probing, rateAheadMs, paused, doubts] = hold;
  const [waiting, underWay, ...states] = campaigns;
  const { more: scheduled, ...own } = Object.fromEntries(
    waits.map(([kind, count, since]) => [kind, { count, since: Number(since) }]),
  );
  const resting = restReason !== null && Number(restUntil) > Number(now);
  return {
    now: Number(now),
    stopped: stop === null ? null : { reason: stop, at: Number(stopAt) },
    resting: resting ? { reason: restReason, until: Number(restUntil) } : null,
    breaker: breakerOf(opens, resting ? restReason : null),
    probing: opens > 0 && !resting && probing === 1,
    rateAheadMs,
    doubts,
    slots: { held: slots[0], spent: slots[1] },
    policy: slots[2],
    oldestReady: oldest.map(([id, since, sure]) => ({ id, since: Number(since), sure: sure === 1 })),
    waits: own,
    more: { all: more[0], active: more[1], scheduled: scheduled?.count ?? 0 },
    letters: Object.fromEntries(
      letters
        .filter(([, count]) => count > 0)
        .map(([reason, count, at, since]) => [reason, { count, oldest: Number(at), since: Number(since) }]),
    ),
    campaigns: {
      states: Object.fromEntries(
        CAMPAIGN_STATES.flatMap((state) => {
          const at = states.indexOf(state);
          return at < 0 ? [] : [[state, Number(states[at + 1])]];
        }),
      ),
      waiting,
      underWay,
      paused,
    },
    totals: pairs(totals),
  };
}

/** A late answer, to a request from before the breaker opened, closes the breaker but does not end its rest. */
function breakerOf(opens: number, resting: RestReason | null): BreakerState {
  if (resting === 'breaker_open') return 'open';
  if (opens === 0) return 'closed';
  return resting === null ? 'half_open' : 'open';
}

/** Reads alternating names and figures. A figure that no counter can have counts as none. */
function pairs(texts: readonly string[]): Record<string, number> {
  const found: Record<string, number> = {};
  for (let i = 0; i < texts.length; i += 2) found[texts[i]!] = Math.max(0, Number(texts[i + 1]) || 0);
  return found;
}

async function control(store: Pick<ChannelStore, 'run'>, request: object): Promise<boolean> {
  return (await store.run(controlScript, [JSON.stringify(request)])) === 1;
}

/** No message of the channel is sent until it is resumed; none is lost. */
export const stopChannel = (store: ChannelStore, reason: StopReason): Promise<boolean> =>
  control(store, { op: 'stop', reason });

/**
 * Ends a stop, a rest and an open breaker.
 * @returns whether there was anything to end
 */
export const resumeChannel = (store: ChannelStore): Promise<boolean> => control(store, { op: 'resume' });

/** Ends a stop for refused credentials, or for an account that may not send, if the credentials are not those that were refused. */
export const resumeWithCredentials = (store: ChannelStore, credentials: string): Promise<boolean> =>
  control(store, { op: 'resume_credentials', credentials });

/** @param opens how often the breaker had opened when the caller last looked: if it has opened since, nothing is changed */
export const openBreaker = (store: Pick<ChannelStore, 'run'>, ms: number, opens: number): Promise<boolean> =>
  control(store, { op: 'open', ms, opens });
