import { expect, it } from 'vitest';
import { runBench } from '../../bench/bench.ts';
import { readOptions } from '../../bench/options.ts';

const positive = { median: expect.any(Number), min: expect.any(Number), max: expect.any(Number) };
const only = (rows: string): string[] => ['--quick', '--messages', '20', '--only', rows];

it('measures the chosen rows and compares them with the unit', async () => {
  const turns: string[] = [];
  const options = readOptions(only('bullmq,herald'))!;
  const report = JSON.parse(JSON.stringify(await runBench(options, (turn) => turns.push(turn))));
  expect(turns).toEqual(['round 1 of 1: bullmq', 'round 1 of 1: herald']);
  expect(report.machine).toMatchObject({ cores: expect.any(Number), node: process.versions.node });
  expect(report.scale).toMatchObject({ rounds: 1, messages: 20 });
  const figures = Object.fromEntries(
    ['perSecond', 'workerCpuSeconds', 'storeCpuSeconds', 'rssMb'].map((name) => [name, positive]),
  );
  expect(report.tables).toEqual([
    {
      name: 'throughput',
      title: expect.any(String),
      columns: Object.keys(figures).map((name) => expect.objectContaining({ name })),
      rows: [
        { name: 'bullmq', title: expect.any(String), figures, ratio: { median: 1, min: 1, max: 1 } },
        { name: 'herald', title: expect.any(String), figures, ratio: positive },
      ],
    },
  ]);
  for (const { figures: measured } of report.tables[0].rows)
    expect(measured.perSecond.median).toBeGreaterThan(0);
});

it('refuses a row that there is not', async () => {
  await expect(runBench(readOptions(only('beemq'))!, () => {})).rejects.toThrow(
    /--only beemq: one of throughput, bullmq, /,
  );
});
