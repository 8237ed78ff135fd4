import { describeMachine } from './machine.ts';
import { type BenchOptions, type Scale, UsageError } from './options.ts';
import { type Report, reportTable } from './report.ts';
import { bytes } from './tables/bytes.ts';
import { enqueueing } from './tables/enqueue.ts';
import { growth } from './tables/growth.ts';
import { idle } from './tables/idle.ts';
import { latency } from './tables/latency.ts';
import { stores } from './tables/stores.ts';
import type { Figures, Table } from './tables/table.ts';
import { throughput } from './tables/throughput.ts';
import { workers } from './tables/workers.ts';

function chosen(tables: readonly Table[], only: readonly string[]): Table[] {
  const names = new Set(tables.flatMap(({ name, rows }) => [name, ...rows.map((row) => row.name)]));
  const unknown = only.find((name) => !names.has(name));
  if (unknown !== undefined) throw new UsageError(`--only ${unknown}: one of ${[...names].join(', ')}`);
  const wanted = (name: string): boolean => only.length === 0 || only.includes(name);
  return tables
    .map((table) => ({ ...table, rows: table.rows.filter((row) => wanted(table.name) || wanted(row.name)) }))
    .filter(({ rows }) => rows.length > 0);
}

async function measure(
  tables: readonly Table[],
  scale: Scale,
  tell: (turn: string) => void,
): Promise<Map<string, Figures[]>> {
  const rounds = new Map<string, Figures[]>();
  for (let round = 0; round < scale.rounds; round++) {
    for (const { rows } of tables) {
      const present = rows.filter(({ leftOut }) => leftOut === undefined);
      // Rotates who goes first, so that the after-effects of a turn fall on each.
      const first = round % Math.max(1, present.length);
      for (const row of [...present.slice(first), ...present.slice(0, first)]) {
        tell(`round ${round + 1} of ${scale.rounds}: ${row.name}`);
        rounds.set(row.name, [...(rounds.get(row.name) ?? []), await row.measure(scale)]);
      }
    }
  }
  return rounds;
}

function tablesOf(options: BenchOptions): Table[] {
  if (options.cluster) return [stores];
  if (options.workers) return [workers, idle];
  return [throughput, enqueueing, latency, bytes, ...(options.growth ? [growth(options.scale)] : [])];
}

/**
 * Every row has one turn per round, so that other load on the machine affects all of them.
 * @param tell hears which turn begins
 * @throws UsageError for a name in `only` that no row and no table has
 */
export async function runBench(options: BenchOptions, tell: (turn: string) => void): Promise<Report> {
  const { scale, only } = options;
  const tables = chosen(tablesOf(options), only);
  const machine = await describeMachine();
  const rounds = await measure(tables, scale, tell);
  return { machine, scale, tables: tables.map((table) => reportTable(table, rounds)) };
}
