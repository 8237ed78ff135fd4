import type { Clock } from '../clock.ts';
import { HISTOGRAMS } from './metric-definitions.ts';
import type { MessageRef } from './observer.ts';

/** The last message observed in each bucket of a histogram, so that a slow one can be looked up with `herald explain`. */
export interface Exemplars {
  readonly sendDuration: ExemplarsOf;
  readonly deliveryLatency: ExemplarsOf;
  /** The exemplar of a bucket in OpenMetrics, as it follows the bucket's value; empty without one. */
  textOf(histogram: string, labels: Readonly<Record<string, string>>): string;
}

/** The exemplars of one histogram. */
interface ExemplarsOf {
  /** @param outcome empty for a histogram by channel alone */
  note(message: MessageRef, outcome: string, seconds: number): void;
  textOf(labels: Readonly<Record<string, string>>): string;
}

/** The last observation of each bucket, by its index; the last bucket has no upper bound. */
interface Buckets {
  messages: MessageRef[];
  seconds: number[];
  at: number[];
}

export function createExemplars(clock: Pick<Clock, 'now'>): Exemplars {
  const sendDuration = exemplarsOf(HISTOGRAMS.sendDuration.buckets, clock);
  const deliveryLatency = exemplarsOf(HISTOGRAMS.deliveryLatency.buckets, clock);
  const byName = new Map<string, ExemplarsOf>([
    [HISTOGRAMS.sendDuration.name, sendDuration],
    [HISTOGRAMS.deliveryLatency.name, deliveryLatency],
  ]);
  return {
    sendDuration,
    deliveryLatency,
    textOf: (histogram, labels) => byName.get(histogram)?.textOf(labels) ?? '',
  };
}

function exemplarsOf(bounds: readonly number[], clock: Pick<Clock, 'now'>): ExemplarsOf {
  const series = new Map<string, Map<string, Buckets>>();

  function begin(channel: string, outcome: string): Buckets {
    const outcomes = series.get(channel) ?? new Map<string, Buckets>();
    const buckets = { messages: [], seconds: [], at: [] };
    series.set(channel, outcomes.set(outcome, buckets));
    return buckets;
  }

  return {
    // Called for each message: it allocates only when a series is first met.
    note(message, outcome, seconds) {
      const { channel } = message;
      const buckets = series.get(channel)?.get(outcome) ?? begin(channel, outcome);
      let i = 0;
      while (i < bounds.length && seconds > bounds[i]!) i += 1;
      buckets.messages[i] = message;
      buckets.seconds[i] = seconds;
      buckets.at[i] = clock.now();
    },
    textOf({ channel = '', outcome = '', le }) {
      const buckets = series.get(channel)?.get(outcome);
      const i = le === '+Inf' ? bounds.length : bounds.indexOf(Number(le));
      const message = buckets?.messages[i];
      const labels = message && exemplarLabels(message);
      return labels ? ` # {${labels}} ${buckets!.seconds[i]} ${(buckets!.at[i]! / 1000).toFixed(3)}` : '';
    },
  };
}

/** The limit for all label names and values of one exemplar together (OpenMetrics specification). */
const MAX_CHARACTERS = 128;

/** Leaves out a label that is too long: part of an id would find nothing. */
function exemplarLabels({ id, traceId }: MessageRef): string {
  const labels = [...(traceId === undefined ? [] : [['trace_id', traceId]]), ['message_id', id]];
  let left = MAX_CHARACTERS;
  const fitting = labels.filter(([name = '', value = '']) => {
    const characters = name.length + [...value].length;
    if (characters > left) return false;
    left -= characters;
    return true;
  });
  return fitting.map(([name, value = '']) => `${name}="${escaped(value)}"`).join(',');
}

const escaped = (value: string): string => value.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n');
