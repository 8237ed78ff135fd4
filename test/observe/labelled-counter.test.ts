import { Counter, Gauge, type Metric, Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { LabelledCounter } from '../../src/observe/labelled-counter.ts';

const LABELS = ['channel', 'platform', 'state', 'reason'];

function registered(type: 'counter' | 'gauge', labels: string[]) {
  const registry = new Registry();
  const counter = new LabelledCounter({ name: 'some_total', help: 'Some of it.', labels }, type);
  registry.registerMetric(counter as unknown as Metric);
  return { registry, counter };
}

it('is written as prom-client writes its own', async () => {
  const { registry, counter } = registered('counter', LABELS);
  const theirs = new Registry();
  const other = new Counter({
    ...{ name: 'some_total', help: 'Some of it.', labelNames: LABELS },
    registers: [theirs],
  });
  const series = [
    ['a "b"', 'zulip', 'dead', 'stalled'],
    ['a "b"', 'zulip', 'dead', ''],
    ['', 'zulip', 'dead', 'stalled'],
  ] as const;
  for (const [channel, platform, state, reason] of series) {
    counter.add(0, channel, platform, state, reason);
    other.inc({ channel, platform, state, reason }, 0);
  }
  for (const [channel, platform, state, reason] of [...series, series[1]]) {
    counter.inc(channel, platform, state, reason);
    other.inc({ channel, platform, state, reason });
  }
  const lines = (text: string): string[] => text.split('\n').sort();
  expect(lines(await registry.metrics())).toEqual(lines(await theirs.metrics()));
  registry.resetMetrics();
  expect(await registry.metrics()).not.toContain('zulip');
});

it('goes up and down as a gauge', async () => {
  const { registry, counter } = registered('gauge', ['channel']);
  const theirs = new Registry();
  const other = new Gauge({
    ...{ name: 'some_total', help: 'Some of it.', labelNames: ['channel'] },
    registers: [theirs],
  });
  for (const by of [1, 1, -1]) {
    counter.add(by, 'a');
    other.inc({ channel: 'a' }, by);
  }
  expect(await registry.metrics()).toBe(await theirs.metrics());
});
