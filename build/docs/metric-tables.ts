import {
  ACCEPTED_STATUSES,
  ADMISSION_RESULTS,
  ATTEMPT_RESULTS,
  CAMPAIGN_MESSAGE_STATES,
  CAUSES_OF_WAITS,
  DEFERRALS,
  FINAL_STATES,
} from '../../src/observe/label-sets.ts';
import { COUNTERS, GAUGES, HISTOGRAMS } from '../../src/observe/metric-definitions.ts';
import type { MetricSpec } from '../../src/observe/metric-spec.ts';
import { REDIS_CALLS } from '../../src/observe/redis-metrics.ts';
import { DEAD_LETTER_REMOVALS, HOLD_REASONS, QUEUE_STATES } from '../../src/observe/sample.ts';
import { WEBHOOK_LOSSES, WEBHOOK_OUTCOMES } from '../../src/observe/webhook-metrics.ts';
import { BREAKER_STATES, CAMPAIGN_STATES, DEAD_REASONS, REST_REASONS } from '../../src/outcome.ts';
import { REDIS_ERROR_KINDS } from '../../src/redis/errors.ts';
import { markdownTable } from './markdown-table.ts';

/** Tables of the metrics, out of their definitions. */

const code = (text: string): string => `\`${text}\``;
const list = (texts: readonly string[]): string => texts.map(code).join(', ');

const tableOf = (metrics: Readonly<Record<string, MetricSpec>>): string =>
  markdownTable(
    ['metric', 'labels', 'meaning'],
    Object.values(metrics).map(({ name, labels, help }) => [code(name), list(labels), help]),
  );

export const counterTable = (): string => tableOf(COUNTERS);
export const gaugeTable = (): string => tableOf(GAUGES);

export const histogramTable = (): string =>
  markdownTable(
    ['metric', 'labels', 'meaning', 'buckets, seconds'],
    Object.values(HISTOGRAMS).map(({ name, labels, help, buckets }) => [
      code(name),
      list(labels),
      help,
      buckets.join(', '),
    ]),
  );

/** `delivered`: `sent`, … */
const byFirst = (pairs: readonly (readonly [string, string])[]): string =>
  [...new Set(pairs.map(([first]) => first))]
    .map((first) => {
      const reasons = pairs.filter((pair) => pair[0] === first).map(([, reason]) => reason);
      return `${code(first)}: ${list(reasons)}`;
    })
    .join('; ');

export const labelTable = (): string =>
  markdownTable(
    ['metric', 'label', 'values'],
    [
      [COUNTERS.accepted.name, 'status', list(ACCEPTED_STATUSES)],
      [COUNTERS.admissions.name, 'verdict: cause', byFirst(ADMISSION_RESULTS)],
      [COUNTERS.attempts.name, 'outcome: reason', byFirst(ATTEMPT_RESULTS)],
      [COUNTERS.messages.name, 'state: reason', byFirst(FINAL_STATES)],
      [
        COUNTERS.deferrals.name,
        'reason: cause',
        byFirst(DEFERRALS.map(({ reason, cause }) => [reason, cause])),
      ],
      [COUNTERS.webhookDeliveries.name, 'outcome', list(WEBHOOK_OUTCOMES)],
      [COUNTERS.webhookReceiptsLost.name, 'reason', list(WEBHOOK_LOSSES)],
      [COUNTERS.redisErrors.name, 'kind', list(REDIS_ERROR_KINDS)],
      [HISTOGRAMS.redisCall.name, 'call', list(REDIS_CALLS)],
      [GAUGES.queue.name, 'state', list(QUEUE_STATES)],
      [GAUGES.waiting.name, 'cause', list(CAUSES_OF_WAITS)],
      [COUNTERS.deadLettersRemoved.name, 'how', list(DEAD_LETTER_REMOVALS)],
      [GAUGES.deadLetters.name, 'reason', list(DEAD_REASONS)],
      [GAUGES.campaigns.name, 'state', list(CAMPAIGN_STATES)],
      [GAUGES.campaignMessages.name, 'state', list(CAMPAIGN_MESSAGE_STATES)],
      [GAUGES.resting.name, 'reason', list(REST_REASONS)],
      [GAUGES.breaker.name, 'state', list(BREAKER_STATES)],
      [GAUGES.stopped.name, 'reason', list(HOLD_REASONS)],
    ].map(([metric = '', label = '', values = '']) => [code(metric), label, values]),
  );
