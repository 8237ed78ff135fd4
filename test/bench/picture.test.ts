import { expect, it } from 'vitest';
import { drawRatios } from '../../bench/picture.ts';
import type { Report } from '../../bench/report.ts';

const one = (median: number) => ({ median, min: median, max: median });
const report = (rows: Report['tables'][number]['rows']): Report => ({
  machine: { cores: 2, node: '20.0.0' } as Report['machine'],
  scale: { rounds: 5, messages: 1_000, paceSeconds: 1, growth: [] },
  tables: [{ name: 'throughput', title: 'Delivery', columns: [], rows }],
});

it('draws a bar for each row that was compared, as long as its ratio', () => {
  const rows = [
    { name: 'a', title: 'A `queue` & more', figures: {}, ratio: one(1) },
    { name: 'b', title: 'Herald, bulk', figures: {}, ratio: one(2) },
    { name: 'c', title: 'left out', figures: {} },
  ];
  const svg = drawRatios(report(rows), 'throughput')!;
  const widths = [...svg.matchAll(/<rect class="(\w+)"[^>]* width="([\d.]+)"/g)].map(([, kind, width]) => [
    kind,
    Number(width),
  ]);
  expect(widths).toEqual([
    ['unit', 170],
    ['own', 340],
  ]);
  expect(svg).toContain('>A queue &amp; more</text>');
  expect(svg).not.toContain('left out');
});

it('draws nothing where nothing was compared', () => {
  expect(drawRatios(report([{ name: 'a', title: 'A', figures: {} }]), 'throughput')).toBeUndefined();
  expect(drawRatios(report([]), 'latency')).toBeUndefined();
});
