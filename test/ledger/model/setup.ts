import fc from 'fast-check';
import { campaignMessageId } from '../../../src/ledger/names.ts';
import type { AdmissionPolicy } from '../../../src/policies/admission.ts';
import type { LabOptions } from '../harness.ts';
import * as time from './time.ts';

/** How the channel of a run is configured. */
export interface Setup {
  resolution: AdmissionPolicy['resolution'];
  quota: 'calendar' | 'rolling' | 'none';
  /** What the eligibility check makes of players whom nobody has seen; `off`: no check. */
  unknownPlayers: 'off' | 'send' | 'suppress';
  rate: boolean;
  /**
   * What the platform means by a day: the ledger's own windows, calendar windows that turn at other times, or a longer
   * rolling one. Only `presume` relies on it.
   */
  platformDay: 'window' | 'shifted' | 'longer';
}

export const setups: fc.Arbitrary<Setup> = fc.record({
  resolution: fc.constantFrom('presume', 'confirm', 'keep', 'resend'),
  quota: fc.constantFrom('calendar', 'calendar', 'rolling', 'none'),
  unknownPlayers: fc.constantFrom('off', 'off', 'off', 'send', 'suppress'),
  rate: fc.constantFrom(false, false, true),
  platformDay: fc.constantFrom('window', 'shifted', 'longer'),
});

export const labOptions = ({ resolution, quota, unknownPlayers, rate }: Setup): LabOptions => ({
  resolution,
  quota: quota !== 'none',
  windowMs: time.ms(time.WINDOW),
  ...(quota === 'rolling' && { rolling: time.ms(time.ROLLING) }),
  ...(unknownPlayers !== 'off' && { playedWithin: time.ms(time.PLAYED_WITHIN) }),
  sendWhenUnknown: unknownPlayers !== 'suppress',
  playTtl: time.ms(time.PLAY_TTL),
  lease: time.ms(time.LEASE),
  ahead: time.ms(time.AHEAD),
  ...(rate && { interval: time.ms(time.INTERVAL) * 0.9, widen: time.ms(time.INTERVAL) * 0.1, keep: 60_000 }),
  attempts: time.ATTEMPTS,
  patience: time.ms(time.PATIENCE),
  quiet: time.ms(time.QUIET),
  platformDay: time.ms(time.PLATFORM_DAY),
});

const LONG_LIFE = 4 * time.DAY + 40;

/** A campaign of a run: ann is named twice, in two jobs. */
export const CAMPAIGN = 'spring';
export const CAMPAIGN_LIFE = LONG_LIFE;
const ofCampaign = (player: string, job: string): MessageSpec => ({
  ...{ id: campaignMessageId(CAMPAIGN, player), job, player, life: CAMPAIGN_LIFE, campaign: CAMPAIGN },
});

/**
 * The messages of a run: rivals for two players, of several lengths of life, two jobs of one name, a job of two
 * messages, and those of a campaign.
 */
export const MESSAGES: readonly MessageSpec[] = [
  { id: 'ann-1', job: 'job-1', player: 'ann', life: 940 },
  { id: 'ann-1', job: 'job-2', player: 'ann', life: LONG_LIFE },
  { id: 'ann-2', job: 'many-1:0', player: 'ann', life: LONG_LIFE },
  { id: 'ann-3', job: 'job-4', player: 'ann', life: LONG_LIFE, playedAgo: 200, onQuota: 'defer' },
  { id: 'ann-4', job: 'job-5', player: 'ann', life: LONG_LIFE, onQuota: 'defer' },
  { id: 'bob-1', job: 'job-6', player: 'bob', life: 2040 },
  { id: 'bob-2', job: 'many-1:1', player: 'bob', life: LONG_LIFE, onQuota: 'defer' },
  { id: 'bob-3', job: 'job-8', player: 'bob', life: LONG_LIFE, sendAt: 340, onQuota: 'defer', requests: 2 },
  ofCampaign('ann', 'list-1:0'),
  ofCampaign('bob', 'list-1:1'),
  ofCampaign('ann', 'list-2:0'),
];

/** The lists of recipients of the campaign: the job of each, and how many it has. */
export const LISTS = [
  { job: 'list-1', count: 2 },
  { job: 'list-2', count: 1 },
];

/** The id of the job that a message is enqueued with, without its place there. */
export const jobIdOf = (job: string): string => job.replace(/:\d+$/, '');

export interface MessageSpec {
  id: string;
  /** The job that it is enqueued with; with its place there, if it is one of many. */
  job: string;
  player: string;
  /** From the start of the run until it expires. */
  life: number;
  /** From the start of the run until it may be sent. */
  sendAt?: number;
  /** What its producer says of the player: so long before the start of the run. */
  playedAgo?: number;
  onQuota?: 'defer';
  campaign?: string;
  /** What it counts for in the rate. */
  requests?: 2;
}
