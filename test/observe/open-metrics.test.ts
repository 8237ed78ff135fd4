import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { createMetrics } from '../../src/observe/metrics.ts';
import { toOpenMetrics } from '../../src/observe/open-metrics.ts';
import { delivered, deliveredFinal, message } from './events.ts';

const clock = { now: () => 1_767_323_045_678 };
const create = (registry?: Registry) => createMetrics({ defaults: false, version: '1.2.3', clock, registry });

describe('OpenMetrics', () => {
  it('names the families of counters without _total, and ends', async () => {
    const metrics = create();
    metrics.watch({ name: 'forum', platform: 'discourse', concurrency: 5, rate: null });
    const { contentType, text } = await metrics.renderOpen();
    expect(contentType).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
    expect(text).toContain('# TYPE herald_admissions counter\nherald_admissions_total{channel="forum"');
    expect(text).toMatch(/^# HELP herald_admissions \S/m);
    expect(text).toContain('# TYPE herald_build_info gauge\nherald_build_info{version="1.2.3"} 1\n');
    expect(text).not.toMatch(/^$\n./m);
    expect(text.endsWith('\n# EOF\n')).toBe(true);
  });

  it('leaves the Prometheus text as it is', async () => {
    const metrics = create();
    metrics.attempted(delivered);
    const before = await metrics.render();
    await metrics.renderOpen();
    expect(await metrics.render()).toEqual(before);
    expect(before.contentType).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(before.text).not.toContain('welcome-32');
  });

  it('takes what an application declared beside it', async () => {
    const registers = [new Registry()];
    new Counter({ name: 'misnamed', help: 'Says "hello"', registers }).inc();
    new Gauge({ name: 'unset', help: 'NaN', registers }).set(Number.NaN);
    new Histogram({ name: 'sizes', help: 'of theirs', buckets: [1], registers }).observe(0.5);
    const lines = (await create(registers[0]).renderOpen()).text.split('\n');
    expect(lines.slice(0, 3)).toEqual([
      '# HELP misnamed Says \\"hello\\"',
      '# TYPE misnamed unknown',
      'misnamed 1',
    ]);
    expect(lines).toContain('unset NaN');
    expect(lines).toContain('sizes_bucket{le="1"} 1');
  });

  it('leaves a registry alone that is in OpenMetrics already', async () => {
    const registry = new Registry();
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never);
    const metrics = create(registry);
    expect(await metrics.renderOpen()).toEqual(await metrics.render());
  });
});

describe('an exemplar', () => {
  const bucketsOf = async (metrics: ReturnType<typeof create>, name: string) =>
    (await metrics.renderOpen()).text.split('\n').filter((line) => line.startsWith(`${name}_bucket`));

  it('names the last message of each bucket, of the requests and of the deliveries', async () => {
    const metrics = create();
    metrics.attempted({ ...delivered, message: { ...message, id: 'first' } });
    metrics.attempted(delivered);
    metrics.finished(deliveredFinal);
    const sent = await bucketsOf(metrics, 'herald_send_duration_seconds');
    const channel = 'channel="kongregate",outcome="delivered"';
    expect(sent[2]).toBe(`herald_send_duration_seconds_bucket{le="0.025",${channel}} 0`);
    expect(sent[3]).toBe(
      `herald_send_duration_seconds_bucket{le="0.05",${channel}} 2 # {message_id="welcome-32"} 0.04004 1767323045.678`,
    );
    expect(sent.filter((line) => line.includes('#'))).toHaveLength(1);
    const latency = await bucketsOf(metrics, 'herald_delivery_latency_seconds');
    expect(latency.filter((line) => line.includes('#'))).toEqual([
      expect.stringContaining('le="120",channel="kongregate"} 1 # {message_id="welcome-32"} 90 '),
    ]);
  });

  it('is for values beyond every bucket, too', async () => {
    const metrics = create();
    metrics.attempted({ ...delivered, durationMs: 90_000 });
    const sent = await bucketsOf(metrics, 'herald_send_duration_seconds');
    expect(sent.at(-1)).toContain('le="+Inf"');
    expect(sent.at(-1)).toContain('# {message_id="welcome-32"} 90 ');
  });

  it('escapes an id, and leaves out one that is too long', async () => {
    const metrics = create();
    metrics.attempted({ ...delivered, message: { ...message, id: 'a"b\\c\nd' } });
    expect((await metrics.renderOpen()).text).toContain('{message_id="a\\"b\\\\c\\nd"}');
    metrics.attempted({ ...delivered, message: { ...message, id: 'x'.repeat(119) } });
    expect((await metrics.renderOpen()).text).not.toContain('message_id');
  });

  it('names the trace as well, and before the id where both would be too long', async () => {
    const metrics = create();
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    metrics.attempted({ ...delivered, message: { ...message, traceId } });
    expect((await metrics.renderOpen()).text).toContain(`{trace_id="${traceId}",message_id="welcome-32"}`);
    metrics.attempted({ ...delivered, message: { ...message, traceId, id: 'x'.repeat(79) } });
    expect((await metrics.renderOpen()).text).toContain(`{trace_id="${traceId}"}`);
  });

  it('is not looked for in what has none', () => {
    expect(toOpenMetrics('', () => '')).toBe('\n# EOF\n');
  });
});
