import { Counter, collectDefaultMetrics, Gauge, Histogram, type Metric, Registry } from 'prom-client';
import { type Clock, systemClock } from '../clock.ts';
import { ChannelHistogram } from './channel-histogram.ts';
import { createExemplars, type Exemplars } from './exemplars.ts';
import {
  ACCEPTED_STATUSES,
  type AcceptedStatus,
  ADMISSION_RESULTS,
  ATTEMPT_RESULTS,
  DEFERRALS,
  FINAL_STATES,
  OUTCOME_KINDS,
} from './label-sets.ts';
import { COUNTERS, GAUGES, HISTOGRAMS, type MetricSpec } from './metric-definitions.ts';
import type { DeliveryObserver } from './observer.ts';
import { OPEN_METRICS_TYPE, toOpenMetrics } from './open-metrics.ts';
import { type RedisMetrics, redisMetrics } from './redis-metrics.ts';
import type { ChannelSample } from './sample.ts';
import { emptySample, seriesOf } from './sampled-series.ts';

export interface MetricsOptions {
  /**
   * Where the metrics are declared, or found where another worker of this process declared them; a new one when absent,
   * never the library's global one.
   */
  registry?: Registry | undefined;
  /** Node's own metrics (event loop, heap, garbage collection) as well: only in a new registry when absent. */
  defaults?: boolean | undefined;
  /** The running version, for `herald_build_info`. */
  version: string;
  /** Of the exemplars' times. */
  clock?: Pick<Clock, 'now'> | undefined;
}

/** What the metrics tell of the configuration of a channel that this process serves. */
export interface WatchedChannel {
  name: string;
  platform: string;
  /** Messages at a time, in this process. */
  concurrency: number;
  /** Of all workers together. */
  rate: { max: number; perMs: number } | null;
}

export interface Metrics extends DeliveryObserver {
  readonly redis: RedisMetrics;
  /** The text that Prometheus scrapes. Touches neither Redis nor the queue, so that an outage cannot hide it. */
  render(): Promise<MetricsText>;
  /** The same in OpenMetrics, with exemplars: what Prometheus asks for where it may choose. */
  renderOpen(): Promise<MetricsText>;
  /** Starts every counter of a channel that this process serves at 0, and tells its limits. Once, before its first event. */
  watch(channel: WatchedChannel): void;
  /** Replaces all sampled gauges of the sample's channel: a reason that went away goes to 0. */
  sample(sample: ChannelSample): void;
  /** Removes the sampled figures of a channel, which are not true any more. */
  unsample(channel: string): void;
  /** How late a timer of this process was, seconds. */
  eventLoopLag(lag: number): void;
  /** This process's clock minus Redis's, milliseconds. */
  clockOffset(offsetMs: number): void;
  /** +1 when a worker begins to drain, -1 when it has stopped. */
  draining(delta: 1 | -1): void;
}

export interface MetricsText {
  contentType: string;
  text: string;
}

/** Two clocks are involved in some durations: a small negative one is their offset, not a time. */
const seconds = (ms: number): number => Math.max(0, ms) / 1000;

function declare(registry: Registry) {
  const registers = [registry];
  const base = <L extends string>({ name, help, labels }: MetricSpec<L>) => ({
    name,
    help,
    labelNames: labels,
    registers,
  });
  const declared = <M>(name: string): M | undefined => registry.getSingleMetric(name) as M | undefined;
  const counter = <L extends string>(spec: MetricSpec<L>) =>
    declared<Counter<L>>(spec.name) ?? new Counter(base(spec));
  const gauge = <L extends string>(spec: MetricSpec<L>) =>
    declared<Gauge<L>>(spec.name) ?? new Gauge(base(spec));
  const histogram = <L extends string>(spec: MetricSpec<L> & { readonly buckets: number[] }) =>
    declared<Histogram<L>>(spec.name) ?? new Histogram({ ...base(spec), buckets: spec.buckets });
  const byChannel = (spec: MetricSpec & { readonly buckets: number[] }): ChannelHistogram => {
    const existing = declared<ChannelHistogram>(spec.name);
    if (existing) return existing;
    const histogram = new ChannelHistogram(spec);
    registry.registerMetric(histogram as unknown as Metric);
    return histogram;
  };
  return {
    enqueued: counter(COUNTERS.enqueued),
    deadLettersRemoved: counter(COUNTERS.deadLettersRemoved),
    admissions: counter(COUNTERS.admissions),
    attempts: counter(COUNTERS.attempts),
    messages: counter(COUNTERS.messages),
    deferrals: counter(COUNTERS.deferrals),
    breakerOpens: counter(COUNTERS.breakerOpens),
    replays: counter(COUNTERS.replays),
    unforeseen: counter(COUNTERS.unforeseen),
    lateGrants: counter(COUNTERS.lateGrants),
    sendDuration: histogram(HISTOGRAMS.sendDuration),
    queueWait: byChannel(HISTOGRAMS.queueWait),
    slotWait: byChannel(HISTOGRAMS.slotWait),
    deliveryLatency: byChannel(HISTOGRAMS.deliveryLatency),
    readyLatency: byChannel(HISTOGRAMS.readyLatency),
    messageAttempts: byChannel(HISTOGRAMS.messageAttempts),
    eventLoopLag: histogram(HISTOGRAMS.eventLoopLag),
    queue: gauge(GAUGES.queue),
    ready: gauge(GAUGES.ready),
    waiting: gauge(GAUGES.waiting),
    oldestAge: gauge(GAUGES.oldestAge),
    deadLetters: gauge(GAUGES.deadLetters),
    oldestDeadLetter: gauge(GAUGES.oldestDeadLetter),
    campaigns: gauge(GAUGES.campaigns),
    campaignMessages: gauge(GAUGES.campaignMessages),
    quotaSlots: gauge(GAUGES.quotaSlots),
    quotaWindowEnd: gauge(GAUGES.quotaWindowEnd),
    sendsInDoubt: gauge(GAUGES.sendsInDoubt),
    resting: gauge(GAUGES.resting),
    breaker: gauge(GAUGES.breaker),
    stopped: gauge(GAUGES.stopped),
    stoppedSince: gauge(GAUGES.stoppedSince),
    channelWorkers: gauge(GAUGES.channelWorkers),
    sampleTimestamp: gauge(GAUGES.sampleTimestamp),
    inFlight: gauge(GAUGES.inFlight),
    concurrency: gauge(GAUGES.concurrency),
    rate: gauge(GAUGES.rate),
    clockOffset: gauge(GAUGES.clockOffset),
    draining: gauge(GAUGES.draining),
    redisUp: gauge(GAUGES.redisUp),
    redisErrors: counter(COUNTERS.redisErrors),
    redisReconnects: counter(COUNTERS.redisReconnects),
    redisCall: histogram(HISTOGRAMS.redisCall),
    buildInfo: gauge(GAUGES.buildInfo),
  };
}

type Instruments = ReturnType<typeof declare>;

function zeroChannel(m: Instruments, { name: channel, platform, concurrency, rate }: WatchedChannel): void {
  for (const [verdict, cause] of ADMISSION_RESULTS) m.admissions.inc({ channel, verdict, cause }, 0);
  for (const [outcome, reason] of ATTEMPT_RESULTS) m.attempts.inc({ channel, platform, outcome, reason }, 0);
  for (const [state, reason] of FINAL_STATES) m.messages.inc({ channel, platform, state, reason }, 0);
  for (const deferral of DEFERRALS) m.deferrals.inc({ channel, ...deferral }, 0);
  m.breakerOpens.inc({ channel }, 0);
  m.replays.inc({ channel }, 0);
  m.unforeseen.inc({ channel }, 0);
  m.lateGrants.inc({ channel }, 0);
  for (const outcome of OUTCOME_KINDS) m.sendDuration.zero({ channel, outcome });
  const { queueWait, slotWait, deliveryLatency, readyLatency, messageAttempts } = m;
  for (const histogram of [queueWait, slotWait, deliveryLatency, readyLatency, messageAttempts])
    histogram.zero(channel);
  m.inFlight.set({ channel }, 0);
  m.concurrency.set({ channel }, concurrency);
  if (rate) m.rate.set({ channel }, (rate.max / rate.perMs) * 1000);
}

function setSample(m: Instruments, sample: ChannelSample): void {
  for (const [metric, labels, value] of seriesOf(sample)) {
    const series: Gauge | Counter = m[metric];
    const all = { channel: sample.channel, ...labels };
    if (value !== undefined && 'set' in series) series.set(all, value);
    else series.remove(all);
    // A counter that is kept in Redis, and the same in every process.
    if (value !== undefined && !('set' in series)) series.inc(all, value);
  }
}

function removeSample(m: Instruments, channel: string): void {
  for (const [metric, labels] of seriesOf(emptySample(channel))) {
    const series: Gauge | Counter = m[metric];
    series.remove({ channel, ...labels });
  }
}

function observe(m: Instruments, exemplars: Exemplars): DeliveryObserver {
  return {
    admitted: (channel, verdict, cause) => m.admissions.inc({ channel, verdict, cause: cause ?? '' }),
    waited(channel, queueMs, slotMs) {
      m.queueWait.observe(channel, seconds(queueMs));
      if (slotMs > 0) m.slotWait.observe(channel, seconds(slotMs));
    },
    inFlight: (channel, delta) => m.inFlight.inc({ channel }, delta),
    attempted({ message, outcome, durationMs }) {
      const { channel, platform } = message;
      m.attempts.inc({ channel, platform, outcome: outcome.kind, reason: outcome.reason });
      m.sendDuration.observe({ channel, outcome: outcome.kind }, seconds(durationMs));
      exemplars.sendDuration.note(message, outcome.kind, seconds(durationMs));
    },
    breakerOpened: (channel) => m.breakerOpens.inc({ channel }),
    lateGrant: (channel) => m.lateGrants.inc({ channel }),
    unforeseenRefusal: ({ channel }) => m.unforeseen.inc({ channel }),
    deferred: (channel, { reason, cause }) => m.deferrals.inc({ channel, reason, cause }),
    finished({ message, run, attempts, final: { state, reason }, latencyMs, keptMs = 0 }) {
      const { channel, platform } = message;
      m.messages.inc({ channel, platform, state, reason });
      // A replaying command ends before it is scraped; the worker that finishes the run can be scraped.
      if (run > 1) m.replays.inc({ channel });
      m.messageAttempts.observe(channel, attempts);
      if (state !== 'delivered') return;
      m.deliveryLatency.observe(channel, seconds(latencyMs));
      m.readyLatency.observe(channel, seconds(latencyMs - keptMs));
      exemplars.deliveryLatency.note(message, '', seconds(latencyMs));
    },
  };
}

/** Gauges that end in `_total`, as only counters may: each has a sibling with the same figures by type. */
const MISNAMED = [
  'nodejs_active_resources_total',
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
];

function collectNodeMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
}

/** Declares every metric of Herald in one registry. Counted where things happen, never from queue events. */
export function createMetrics(options: MetricsOptions): Metrics {
  const registry = options.registry ?? new Registry();
  const m = declare(registry);
  if (options.defaults ?? options.registry === undefined) collectNodeMetrics(registry);
  m.buildInfo.set({ version: options.version }, 1);
  // Until it is measured: a gauge without labels begins as 0.
  m.clockOffset.remove();
  const exemplars = createExemplars(options.clock ?? systemClock);
  const render = async (): Promise<MetricsText> => ({
    contentType: registry.contentType,
    text: await registry.metrics(),
  });
  return {
    ...observe(m, exemplars),
    redis: redisMetrics(m),
    render,
    async renderOpen() {
      const plain = await render();
      // An application may have switched its registry itself.
      if (plain.contentType !== Registry.PROMETHEUS_CONTENT_TYPE) return plain;
      const text = toOpenMetrics(plain.text, exemplars.textOf);
      return { contentType: OPEN_METRICS_TYPE, text };
    },
    watch: (channel) => zeroChannel(m, channel),
    sample: (sample) => setSample(m, sample),
    unsample: (channel) => removeSample(m, channel),
    eventLoopLag: (lag) => m.eventLoopLag.observe(lag),
    clockOffset: (offsetMs) => m.clockOffset.set(offsetMs / 1000),
    draining: (delta) => m.draining.inc(delta),
  };
}

/**
 * Counts what a producer took, in the registry of the application that it lives in. Several producers may share one.
 */
export function countAccepted(
  registry: Registry,
): (channel: string, status: AcceptedStatus, count?: number) => void {
  const { name, help, labels } = COUNTERS.accepted;
  const existing = registry.getSingleMetric(name) as Counter<(typeof labels)[number]> | undefined;
  const counter = existing ?? new Counter({ name, help, labelNames: labels, registers: [registry] });
  const known = new Set<string>();
  return (channel, status, count = 1) => {
    if (!known.has(channel)) {
      known.add(channel);
      for (const each of ACCEPTED_STATUSES) counter.inc({ channel, status: each }, 0);
    }
    counter.inc({ channel, status }, count);
  };
}
