import { Counter, collectDefaultMetrics, Gauge, Histogram, type Metric, Registry } from 'prom-client';
import { LabelledCounter } from './labelled-counter.ts';
import { LabelledHistogram } from './labelled-histogram.ts';
import { COUNTERS, GAUGES, HISTOGRAMS } from './metric-definitions.ts';
import type { HistogramSpec, MetricSpec } from './metric-spec.ts';

/** The metrics as prom-client objects: declared in a registry, or found there if another worker of the process declared them. */

export function declareInstruments(registry: Registry) {
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
  const histogram = <L extends string>(spec: HistogramSpec<L>) =>
    declared<Histogram<L>>(spec.name) ?? new Histogram({ ...base(spec), buckets: spec.buckets });
  /** For what every message is counted in: the library's own would cost it several microseconds. */
  const ownMetric = <M extends LabelledCounter | LabelledHistogram>(metric: M): M => {
    const existing = declared<M>(metric.name);
    if (!existing) registry.registerMetric(metric as unknown as Metric);
    return existing ?? metric;
  };
  const ownHistogram = (spec: HistogramSpec) => ownMetric(new LabelledHistogram(spec));
  return {
    enqueued: counter(COUNTERS.enqueued),
    deadLettersRemoved: counter(COUNTERS.deadLettersRemoved),
    admissions: ownMetric(new LabelledCounter(COUNTERS.admissions)),
    attempts: ownMetric(new LabelledCounter(COUNTERS.attempts)),
    messages: ownMetric(new LabelledCounter(COUNTERS.messages)),
    deferrals: counter(COUNTERS.deferrals),
    breakerOpens: counter(COUNTERS.breakerOpens),
    replays: counter(COUNTERS.replays),
    unforeseen: counter(COUNTERS.unforeseen),
    lateGrants: counter(COUNTERS.lateGrants),
    sendDuration: ownHistogram(HISTOGRAMS.sendDuration),
    queueWait: ownHistogram(HISTOGRAMS.queueWait),
    slotWait: ownHistogram(HISTOGRAMS.slotWait),
    deliveryLatency: ownHistogram(HISTOGRAMS.deliveryLatency),
    readyLatency: ownHistogram(HISTOGRAMS.readyLatency),
    messageAttempts: ownHistogram(HISTOGRAMS.messageAttempts),
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
    inFlight: ownMetric(new LabelledCounter(GAUGES.inFlight, 'gauge')),
    concurrency: gauge(GAUGES.concurrency),
    rate: gauge(GAUGES.rate),
    clockOffset: gauge(GAUGES.clockOffset),
    draining: gauge(GAUGES.draining),
    redisUp: gauge(GAUGES.redisUp),
    webhookDeliveries: counter(COUNTERS.webhookDeliveries),
    webhookReceiptsLost: counter(COUNTERS.webhookReceiptsLost),
    webhookReceiptsMissing: counter(COUNTERS.webhookReceiptsMissing),
    webhookLag: gauge(GAUGES.webhookLag),
    webhookGone: gauge(GAUGES.webhookGone),
    httpRequests: counter(COUNTERS.httpRequests),
    httpDuration: histogram(HISTOGRAMS.httpDuration),
    redisErrors: counter(COUNTERS.redisErrors),
    redisReconnects: counter(COUNTERS.redisReconnects),
    redisCall: histogram(HISTOGRAMS.redisCall),
    buildInfo: gauge(GAUGES.buildInfo),
  };
}

export type Instruments = ReturnType<typeof declareInstruments>;

/** Declares the counter of what a producer accepted, in the registry of its application. */
export function declareAccepted(registry: Registry): Counter<(typeof COUNTERS.accepted.labels)[number]> {
  const { name, help, labels } = COUNTERS.accepted;
  const existing = registry.getSingleMetric(name) as Counter<(typeof labels)[number]> | undefined;
  return existing ?? new Counter({ name, help, labelNames: labels, registers: [registry] });
}

/** A registry of its own, never the library's global one. */
export const newRegistry = (): Registry => new Registry();

/** Whether the registry writes the Prometheus text format: an application may have switched it to OpenMetrics. */
export const writesPlainText = (registry: Registry): boolean =>
  registry.contentType === Registry.PROMETHEUS_CONTENT_TYPE;

/** Gauges named `_total`, as only counters may be: each has a sibling with the same figures by type. */
const MISNAMED = [
  'nodejs_active_resources_total',
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
];

/** Node's own metrics: event loop, heap, garbage collection. */
export function collectNodeMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
}
