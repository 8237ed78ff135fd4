import { Histogram, type Metric, Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { LabelledHistogram } from '../../src/observe/labelled-histogram.ts';

const SPEC = { name: 'wait_seconds', help: 'Time that a message waited.', buckets: [0.5, 1, 60] };
const VALUES = [0, 0.5, 0.6, 3, 60, 61, 1e9];

const lines = (text: string): string[] => text.split('\n').sort();

it('is written as prom-client writes its own', async () => {
  const [own, theirs] = [new Registry(), new Registry()];
  const labels = ['channel', 'outcome'];
  const histogram = new LabelledHistogram({ ...SPEC, labels });
  own.registerMetric(histogram as unknown as Metric);
  const other = new Histogram({ ...SPEC, labelNames: labels, registers: [theirs] });
  histogram.zero('quiet', 'failed');
  other.zero({ channel: 'quiet', outcome: 'failed' });
  for (const value of VALUES) {
    histogram.observe(value, 'a "b"', 'delivered');
    other.observe({ channel: 'a "b"', outcome: 'delivered' }, value);
  }
  expect(lines(await own.metrics())).toEqual(lines(await theirs.metrics()));
  own.resetMetrics();
  expect(await own.metrics()).not.toContain('wait_seconds_count');
});

it('keeps what was observed where its series begins a second time', async () => {
  const registry = new Registry();
  const histogram = new LabelledHistogram({ ...SPEC, labels: ['channel'] });
  registry.registerMetric(histogram as unknown as Metric);
  histogram.observe(2, 'a');
  histogram.zero('a');
  expect(await registry.metrics()).toContain('wait_seconds_sum{channel="a"} 2');
});
