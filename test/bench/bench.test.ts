import { expect, it } from 'vitest';
import { runBench } from '../../bench/bench.ts';
import { readOptions } from '../../bench/options.ts';
import { mostWithin } from '../../bench/tables/workers.ts';

const number = { median: expect.any(Number), min: expect.any(Number), max: expect.any(Number) };
const only = (rows: string): string[] => ['--quick', '--messages', '20', '--only', rows];
const title = expect.any(String);

it('measures the chosen rows of each table and reports them as JSON', async () => {
  const turns: string[] = [];
  const options = readOptions(only('single,add-bulk'))!;
  const report = JSON.parse(JSON.stringify(await runBench(options, (turn) => turns.push(turn))));
  expect(turns).toEqual(['round 1 of 1: single', 'round 1 of 1: add-bulk']);
  expect(report.machine).toMatchObject({ cores: expect.any(Number), node: process.versions.node });
  expect(report.scale).toMatchObject({ rounds: 1, messages: 20 });
  const delivered = ['perSecond', 'workerCpuSeconds', 'storeCpuSeconds', 'rssMb'];
  const figures = Object.fromEntries(delivered.map((name) => [name, number]));
  const column = (name: string) => ({ name, title, digits: expect.any(Number) });
  const ratio = { median: 1, min: 1, max: 1 };
  expect(report.tables).toEqual([
    { name: 'throughput', title, columns: delivered.map(column), rows: [{ name: 'single', title, figures }] },
    {
      name: 'enqueue',
      title,
      columns: [column('perSecond')],
      rows: [{ name: 'add-bulk', title, figures: { perSecond: number }, ratio }],
    },
  ]);
});

it('refuses a row that there is not', async () => {
  await expect(runBench(readOptions(only('beemq'))!, () => {})).rejects.toThrow(
    /--only beemq: one of throughput, bullmq, /,
  );
});

it('measures what several workers do together', async () => {
  const options = readOptions([...only('workers-2'), '--workers'])!;
  const { tables } = await runBench(options, () => {});
  const [row] = tables.flatMap(({ rows }) => rows);
  expect(row).toMatchObject({ name: 'workers-2', figures: { perSecond: number, storeCpuSeconds: number } });
});

it('finds the most of any second', () => {
  expect(mostWithin([], 1_000)).toBe(0);
  expect(mostWithin([0, 500, 999, 1_000, 1_400], 1_000)).toBe(4);
  expect(mostWithin([0, 1_000, 2_000], 1_000)).toBe(1);
});
