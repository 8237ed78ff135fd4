import { BREAKER_STATES, CAMPAIGN_STATES, DEAD_REASONS, REST_REASONS } from '../outcome.ts';
import { CAUSES_OF_WAITS } from './label-sets.ts';
import { type ChannelSample, DEAD_LETTER_REMOVALS, HOLD_REASONS, QUEUE_STATES } from './sample.ts';

/** One series of a sample: the metric by its name in the definitions, its labels besides the channel, and its value. */
export type SampledSeries = readonly [
  metric: SampledMetric,
  labels: Readonly<Record<string, string>>,
  /** Undefined if the series is absent. */
  value: number | undefined,
];

export type SampledMetric =
  | 'sampleTimestamp'
  | 'channelWorkers'
  | 'enqueued'
  | 'queue'
  | 'oldestAge'
  | 'ready'
  | 'waiting'
  | 'deadLetters'
  | 'oldestDeadLetter'
  | 'deadLettersRemoved'
  | 'sendsInDoubt'
  | 'quotaSlots'
  | 'quotaWindowEnd'
  | 'campaigns'
  | 'campaignMessages'
  | 'breaker'
  | 'resting'
  | 'stopped'
  | 'stoppedSince';

/**
 * All series of a sample, including those that it has no figure for: a value that went away becomes 0, and the list of an empty
 * sample names the series to remove. Pure.
 */
export function seriesOf(sample: ChannelSample): SampledSeries[] {
  return [
    ['sampleTimestamp', {}, sample.at / 1000],
    ['channelWorkers', {}, sample.liveWorkers],
    ['enqueued', {}, sample.enqueued],
    ['sendsInDoubt', {}, sample.doubts],
    ...quotaSeries(sample),
    ...messageSeries(sample),
    ...deadLetterSeries(sample),
    ...campaignSeries(sample),
    ...holdSeries(sample),
  ];
}

function messageSeries({ queue, oldestAgeSeconds, ready, waiting }: ChannelSample): SampledSeries[] {
  return [
    ...QUEUE_STATES.flatMap((state): SampledSeries[] => [
      ['queue', { state }, queue[state] ?? 0],
      ['oldestAge', { state }, oldestAgeSeconds[state] ?? 0],
    ]),
    ['ready', {}, ready],
    ...CAUSES_OF_WAITS.map((cause): SampledSeries => ['waiting', { cause }, waiting[cause] ?? 0]),
  ];
}

function deadLetterSeries({
  deadLetters,
  oldestDeadLetterAgeSeconds,
  removedDeadLetters,
}: ChannelSample): SampledSeries[] {
  return [
    ...DEAD_REASONS.map((reason): SampledSeries => ['deadLetters', { reason }, deadLetters[reason] ?? 0]),
    ['oldestDeadLetter', {}, oldestDeadLetterAgeSeconds],
    ...DEAD_LETTER_REMOVALS.map(
      (how): SampledSeries => ['deadLettersRemoved', { how }, removedDeadLetters[how] ?? 0],
    ),
  ];
}

function campaignSeries({ campaignTotals: { states, waiting, underWay } }: ChannelSample): SampledSeries[] {
  return [
    ...CAMPAIGN_STATES.map((state): SampledSeries => ['campaigns', { state }, states[state] ?? 0]),
    ['campaignMessages', { state: 'waiting' }, waiting],
    ['campaignMessages', { state: 'under_way' }, underWay],
  ];
}

function quotaSeries({ slots, windowEndsAt }: ChannelSample): SampledSeries[] {
  return [
    ['quotaSlots', { state: 'held' }, slots?.held],
    ['quotaSlots', { state: 'spent' }, slots?.spent],
    ['quotaWindowEnd', {}, windowEndsAt === undefined ? undefined : windowEndsAt / 1000],
  ];
}

const flag = (on: boolean): number => (on ? 1 : 0);

function holdSeries({ breaker, resting, stopped }: ChannelSample): SampledSeries[] {
  return [
    ...BREAKER_STATES.map((state): SampledSeries => ['breaker', { state }, flag(breaker === state)]),
    ...REST_REASONS.map((reason): SampledSeries => ['resting', { reason }, flag(resting?.reason === reason)]),
    ...HOLD_REASONS.map((reason): SampledSeries => ['stopped', { reason }, flag(stopped?.reason === reason)]),
    ['stoppedSince', {}, stopped?.at === undefined ? undefined : stopped.at / 1000],
  ];
}

/** The sample of a channel of which nothing is known. */
export const emptySample = (channel: string): ChannelSample => ({
  channel,
  at: 0,
  liveWorkers: 0,
  enqueued: 0,
  slots: undefined,
  windowEndsAt: undefined,
  doubts: 0,
  removedDeadLetters: {},
  queue: {},
  ready: 0,
  waiting: {},
  oldestAgeSeconds: {},
  deadLetters: {},
  oldestDeadLetterAgeSeconds: 0,
  campaignTotals: { states: {}, waiting: 0, underWay: 0, paused: 0 },
  resting: null,
  breaker: 'closed',
  stopped: null,
});
