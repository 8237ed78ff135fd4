import type { Counter, Gauge, Registry } from 'prom-client';
import { type Clock, systemClock } from '../clock.ts';
import { countDeliveries, type WatchedChannel, zeroChannel } from './delivery-metrics.ts';
import { createExemplars } from './exemplars.ts';
import {
  collectNodeMetrics,
  declareAccepted,
  declareInstruments,
  type Instruments,
  newRegistry,
  writesPlainText,
} from './instruments.ts';
import { ACCEPTED_STATUSES, type AcceptedStatus } from './label-sets.ts';
import type { DeliveryObserver } from './observer.ts';
import { OPEN_METRICS_TYPE, toOpenMetrics } from './open-metrics.ts';
import { type RedisMetrics, redisMetrics } from './redis-metrics.ts';
import type { ChannelSample } from './sample.ts';
import { emptySample, seriesOf } from './sampled-series.ts';
import { type WebhookMetrics, webhookMetrics } from './webhook-metrics.ts';

export interface MetricsOptions {
  /**
   * Where the metrics are declared, or found where another worker of this process declared them; a new one when absent,
   * never the library's global one.
   */
  registry?: Registry | undefined;
  /** Whether to add Node's own metrics (event loop, heap, garbage collection); when absent, only to a new registry. */
  defaults?: boolean | undefined;
  /** The running version, for `herald_build_info`. */
  version: string;
  /** For the timestamps of exemplars. */
  clock?: Pick<Clock, 'now'> | undefined;
}

export interface Metrics extends DeliveryObserver {
  readonly redis: RedisMetrics;
  readonly webhooks: WebhookMetrics;
  /** The HTTP API answered. @param route a closed set: a method and the pattern of a path */
  answered(route: string, status: number, seconds: number): void;
  /** The text that Prometheus scrapes. Touches neither Redis nor the queue, so that an outage cannot hide it. */
  render(): Promise<MetricsText>;
  /** The same in OpenMetrics, with exemplars, as Prometheus prefers it. */
  renderOpen(): Promise<MetricsText>;
  /** Starts every counter of a channel that this process serves at 0, and sets the gauges of its limits. Once, before its first event. */
  watch(channel: WatchedChannel): void;
  /** Replaces all sampled gauges of the sample's channel: a reason that went away goes to 0. */
  sample(sample: ChannelSample): void;
  /** Removes the sampled figures of a channel, which are out of date. */
  unsample(channel: string): void;
  /** Records how late a timer of this process was, seconds. */
  eventLoopLag(lag: number): void;
  /** This process's clock minus Redis's, milliseconds; undefined while it is unknown. */
  clockOffset(offsetMs: number | undefined): void;
  /** +1 when a worker begins to drain, -1 when it has stopped. */
  draining(delta: 1 | -1): void;
}

export interface MetricsText {
  contentType: string;
  text: string;
}

function setSample(m: Instruments, sample: ChannelSample): void {
  for (const [metric, labels, value] of seriesOf(sample)) {
    const series: Gauge | Counter = m[metric];
    const all = { channel: sample.channel, ...labels };
    if (value !== undefined && 'set' in series) series.set(all, value);
    else series.remove(all);
    // A counter that Redis keeps has the same value in every process.
    if (value !== undefined && !('set' in series)) series.inc(all, value);
  }
}

function removeSample(m: Instruments, channel: string): void {
  for (const [metric, labels] of seriesOf(emptySample(channel))) {
    const series: Gauge | Counter = m[metric];
    series.remove({ channel, ...labels });
  }
}

/** Declares every metric of Herald in one registry. Events are counted where they happen, never from queue events. */
export function createMetrics(options: MetricsOptions): Metrics {
  const registry = options.registry ?? newRegistry();
  const m = declareInstruments(registry);
  if (options.defaults ?? options.registry === undefined) collectNodeMetrics(registry);
  m.buildInfo.set({ version: options.version }, 1);
  // Absent until it is measured: prom-client starts a gauge without labels at 0.
  m.clockOffset.remove();
  const exemplars = createExemplars(options.clock ?? systemClock);
  const render = async (): Promise<MetricsText> => ({
    contentType: registry.contentType,
    text: await registry.metrics(),
  });
  return {
    ...countDeliveries(m, exemplars),
    redis: redisMetrics(m),
    webhooks: webhookMetrics(m),
    answered(route, status, seconds) {
      m.httpRequests.inc({ route, status: String(status) });
      m.httpDuration.observe({ route }, seconds);
    },
    render,
    async renderOpen() {
      const plain = await render();
      if (!writesPlainText(registry)) return plain;
      const text = toOpenMetrics(plain.text, exemplars.textOf);
      return { contentType: OPEN_METRICS_TYPE, text };
    },
    watch: (channel) => zeroChannel(m, channel),
    sample: (sample) => setSample(m, sample),
    unsample: (channel) => removeSample(m, channel),
    eventLoopLag: (lag) => m.eventLoopLag.observe(lag),
    clockOffset(offsetMs) {
      if (offsetMs === undefined) m.clockOffset.remove();
      else m.clockOffset.set(offsetMs / 1000);
    },
    draining: (delta) => m.draining.inc(delta),
  };
}

/**
 * Counts the messages handed to a producer by their result, in the registry of its application. Producers may share a registry.
 */
export function countAccepted(
  registry: Registry,
): (channel: string, status: AcceptedStatus, count?: number) => void {
  const counter = declareAccepted(registry);
  const known = new Set<string>();
  return (channel, status, count = 1) => {
    if (!known.has(channel)) {
      known.add(channel);
      for (const each of ACCEPTED_STATUSES) counter.inc({ channel, status: each }, 0);
    }
    counter.inc({ channel, status }, count);
  };
}
