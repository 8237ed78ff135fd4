import * as api from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { describe, expect, onTestFinished } from 'vitest';
import { createProducer } from '../../src/index.ts';
import { createTracing } from '../../src/tracing/tracing.ts';
import { eventually } from '../../testing/eventually.ts';
import { CHANNEL, it as plain } from '../support/environment.ts';
import { type CollectedSpan, type Collector, startCollector } from './collector.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const ENQUEUE = '00f067aa0ba902b7';
const traceparent = `00-${TRACE}-${ENQUEUE}-01`;

/** Each test has a collector of its own. */
const it = plain.extend<{ collector: Collector }>({
  collector: async ({ task: _ }, use) => {
    const collector = await startCollector();
    await use(collector);
    collector.close();
  },
});

/** What an application sets up, for this process. */
function setUpSdk(): InMemorySpanExporter {
  const spans = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
  api.trace.setGlobalTracerProvider(provider);
  onTestFinished(() => api.trace.disable());
  return spans;
}

describe.concurrent('a worker that exports its traces', () => {
  it('goes on with the trace of a message, from its wait to its receipt', async ({
    openEnvironment,
    collector,
  }) => {
    const env = await openEnvironment({ config: { tracing: { otlp: collector.url } } });
    const enqueuedFrom = Date.now();
    const meta = { secret: 'meta-nobody-traces' };
    const id = await env.send(21, { content: 'words-nobody-traces', meta, traceparent });
    const worker = await env.worker();
    await env.settled(1);
    await worker.close();

    const of = (name: string): CollectedSpan => collector.spans.find((span) => span.name === name)!;
    expect(collector.spans.map(({ name }) => name).sort()).toEqual([
      'admit',
      'deliver kongregate',
      'send kongregate',
      'settle',
      'wait',
    ]);
    for (const span of collector.spans) expect(span.traceId).toBe(TRACE);
    const deliver = of('deliver kongregate');
    expect([of('wait').parentSpanId, deliver.parentSpanId]).toEqual([ENQUEUE, ENQUEUE]);
    for (const step of ['admit', 'send kongregate', 'settle'])
      expect(of(step).parentSpanId).toBe(deliver.spanId);
    expect([deliver.kind, of('send kongregate').kind, of('admit').kind]).toEqual([5, 3, 1]);
    expect(deliver.attributes).toMatchObject({
      'messaging.system': 'herald',
      'messaging.destination.name': CHANNEL,
      'messaging.message.id': id,
      'herald.next': 'complete',
      'herald.state': 'delivered',
    });
    expect(of('admit').attributes).toEqual({ 'herald.verdict': 'granted' });
    expect(of('send kongregate').attributes).toMatchObject({ 'herald.outcome': 'delivered' });
    expect(of('settle').attributes).toEqual({
      'herald.settled': 'first',
      'herald.state': 'delivered',
      'herald.state_reason': 'sent',
    });
    // It began before the worker did.
    expect(Number(of('wait').startTimeUnixNano) / 1e6).toBeGreaterThanOrEqual(enqueuedFrom - 1);
    expect(deliver.resource).toMatchObject({ 'service.name': 'herald' });
    expect(collector.text()).not.toMatch(/nobody-traces|sandbox-key/);
    expect(worker.log()).toContain(`"trace_id":"${TRACE}"`);
  });

  it('begins a trace for a message without one, and says which in its log', async ({
    openEnvironment,
    collector,
  }) => {
    const env = await openEnvironment({ config: { tracing: { otlp: `${collector.url}/v1/traces` } } });
    const worker = await env.worker();
    // Unknown to the platform.
    await env.send(20);
    await env.settled(1);
    await worker.close();
    const deliver = collector.spans.find(({ name }) => name === 'deliver kongregate')!;
    expect(deliver.parentSpanId ?? '').toBe('');
    expect(deliver.attributes).toMatchObject({
      'herald.state': 'dead',
      'herald.state_reason': 'bad_recipient',
    });
    const send = collector.spans.find(({ name }) => name === 'send kongregate')!;
    expect(send.status).toEqual({ code: 2, message: 'bad_recipient' });
    expect(worker.log()).toContain(`"trace_id":"${deliver.traceId}"`);
  });

  it('has a span for each pickup of a message, and one wait', async ({ openEnvironment, collector }) => {
    const env = await openEnvironment({ config: { tracing: { otlp: collector.url } } });
    env.sandbox.faults.add({ kind: 'rate_limited', retryAfter: '0.1', count: 1 });
    const worker = await env.worker();
    await env.send(21, { traceparent });
    await env.settled(1);
    await worker.close();
    const named = (name: string) => collector.spans.filter((span) => span.name === name);
    expect(named('wait')).toHaveLength(1);
    expect(named('send kongregate').map(({ attributes }) => attributes['herald.reason'])).toEqual([
      'rate_limited',
      'sent',
    ]);
    const [first, second] = named('deliver kongregate');
    expect(first?.attributes).toMatchObject({ 'herald.pickup': 1, 'herald.next': 'rest' });
    expect(second).toMatchObject({ traceId: TRACE, attributes: { 'herald.next': 'complete' } });
  });

  it('leaves out what nobody samples, and still names the trace', async ({ openEnvironment, collector }) => {
    const env = await openEnvironment({ config: { tracing: { otlp: collector.url, sample: 0 } } });
    const worker = await env.worker();
    await env.send(21);
    await env.send(22, { traceparent: traceparent.replace(/01$/, '00') });
    await env.settled(2);
    await worker.close();
    expect(collector.spans).toEqual([]);
    expect(worker.log()).toContain(`"trace_id":"${TRACE}"`);
  });

  it('delivers although nobody takes its spans, and says so', async ({ openEnvironment, collector }) => {
    collector.answer(400);
    const env = await openEnvironment({ config: { tracing: { otlp: collector.url } } });
    const worker = await env.worker();
    await env.send(21);
    await env.settled(1);
    await worker.close();
    expect(worker.log()).toMatch(/"level":"warn".*spans could not be exported/);
  });
});

describe('an application that has set up an SDK', () => {
  it('sees one trace from its own span over the enqueue to the settlement', async ({ openEnvironment }) => {
    const spans = setUpSdk();
    const env = await openEnvironment();
    const tracing = createTracing(api, api.trace.getTracer('application'));
    const worker = await env.worker({ tracing });
    const producer = createProducer({ redis: env.server.url, channels: [CHANNEL], tracing: api });
    onTestFinished(() => producer.close());
    const request = tracing.begin('request', { kind: 0 });
    const to = (userId: number) => ({ platform: 'kongregate' as const, to: { userId }, content: 'Hello' });
    const { id } = await producer.send({ ...to(21), traceparent: tracing.traceparentOf(request.span)! });
    request.span.end();
    await producer.sendMany([to(22), to(24), { ...to(23), traceparent: 'none' }]);
    await env.settled(3);
    await worker.close();
    const traceId = request.span.spanContext().traceId;
    const named = await eventually(
      'the spans',
      () => spans.getFinishedSpans().filter((span) => span.spanContext().traceId === traceId),
      (found) => found.length === 7,
    );
    expect(named.map(({ name }) => name).sort()).toEqual([
      'admit',
      'deliver kongregate',
      'enqueue kongregate',
      'request',
      'send kongregate',
      'settle',
      'wait',
    ]);
    const finished = spans.getFinishedSpans();
    const enqueues = finished.filter(({ name }) => name === 'enqueue kongregate');
    expect(enqueues).toHaveLength(3);
    // Of one job, and each in its own trace.
    for (const enqueue of enqueues.slice(1)) {
      const own = finished.filter((span) => span.spanContext().traceId === enqueue.spanContext().traceId);
      expect(own.map(({ name }) => name).sort()).toEqual([
        'admit',
        'deliver kongregate',
        'enqueue kongregate',
        'send kongregate',
        'settle',
        'wait',
      ]);
    }
    expect(enqueues[0]!.attributes).toMatchObject({ 'messaging.message.id': id, 'herald.status': 'queued' });
  });
});
