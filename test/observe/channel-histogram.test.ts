import { Histogram, type Metric, Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { ChannelHistogram } from '../../src/observe/channel-histogram.ts';

const SPEC = { name: 'wait_seconds', help: 'Time that a message waited.', buckets: [0.5, 1, 60] };

it('is written as prom-client writes its own', async () => {
  const [own, theirs] = [new Registry(), new Registry()];
  const histogram = new ChannelHistogram(SPEC);
  own.registerMetric(histogram as unknown as Metric);
  const other = new Histogram({ ...SPEC, labelNames: ['channel'], registers: [theirs] });
  histogram.zero('quiet');
  other.zero({ channel: 'quiet' });
  for (const value of [0, 0.5, 0.6, 3, 60, 61, 1e9]) {
    histogram.observe('a "b"', value);
    other.observe({ channel: 'a "b"' }, value);
  }
  const lines = (text: string): string[] => text.split('\n').sort();
  expect(lines(await own.metrics())).toEqual(lines(await theirs.metrics()));
  own.resetMetrics();
  expect(await own.metrics()).not.toContain('wait_seconds_count');
});
