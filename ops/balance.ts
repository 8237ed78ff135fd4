import { PROBLEMS } from '../src/api/problem.ts';
import { COUNTERS, GAUGES } from '../src/observe/metric-definitions.ts';
import type { Queries } from './promql.ts';

/** Figures that are worked out of several metrics, for panels and questions alike. */

/**
 * Messages that ended without being counted, because their worker was killed before its next scrape: Redis counts what is enqueued, and
 * what is left. A replay counts as enqueued again; jobs that other programs add are not counted, which lowers the figure.
 * @param by the labels by which the queries keep channels apart
 */
export function endedUnseen(queries: Queries, by: string, window: string): string {
  const replayed = { where: { how: 'replayed' } };
  const queued = { where: { state: { not: ['dead'] } }, by: ['state'] } as const;
  return [
    queries.sharedIncrease(COUNTERS.enqueued, window),
    `+ ${queries.sharedIncrease(COUNTERS.deadLettersRemoved, window, replayed)}`,
    `- ${queries.increase(COUNTERS.messages, window)}`,
    `- sum by (${by}) (${queries.sharedDelta(GAUGES.queue, window, queued)})`,
  ].join(' ');
}

/**
 * How many windows it takes, at least, until what waits for the quota has gone: if it were spread evenly over all whose slot is spent.
 * Redis keeps no count by recipient, and the one who has most of it decides.
 */
export const windowsToDrain = (queries: Queries): string =>
  `ceil(${queries.max(GAUGES.waiting, { where: { cause: 'quota' } })} / (${queries.max(GAUGES.quotaSlots, { where: { state: 'spent' } })} > 0))`;

/** The answers of the HTTP API that are the server's fault. */
export const API_FAILED = {
  status: [...new Set(Object.values(PROBLEMS).map(({ status }) => status))]
    .filter((status) => status >= 500)
    .map(String),
} as const;

/** The share of the API's requests that failed so, 0 where none did. */
export function apiFailures(
  queries: Queries,
  window: string,
  by: readonly ['route'] | readonly [] = [],
): string {
  const all = queries.rate(COUNTERS.httpRequests, window, { by });
  const failed = queries.rate(COUNTERS.httpRequests, window, { where: API_FAILED, by });
  return `(${failed} or ${all} * 0) / (${all} > 0)`;
}
