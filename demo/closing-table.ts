import { renderTable } from '../src/cli/table.ts';
import { CHANNELS, type Channel, TITLES } from './channels.ts';
import type { PlatformFigures, RunFigures } from './figures.ts';
import { sumCounts } from './receipt-book.ts';
import { number } from './view.ts';

/** The closing figures as text, a column a platform. Pure; made for 80 columns. */

/** What one platform came to, in one run of its messages. */
export interface Column {
  started: number;
  run: RunFigures;
  platform: PlatformFigures;
}

type Cell = number | undefined;
type Row = readonly [what: string, ...cells: Cell[]];
type Section = readonly [title: string, rows: readonly Row[]];

/** What became of what was enqueued, beside what the platforms themselves counted. */
export function closingTable(columns: Readonly<Record<Channel, Column>>): string {
  const all = CHANNELS.map((channel) => columns[channel]);
  const row = (what: string, cell: (column: Column) => Cell): Row => [what, ...all.map(cell)];
  const sections: Section[] = [
    ['by the receipts', [row('enqueued', ({ started }) => started), ...runRows(all.map(({ run }) => run))]],
    [
      'by the platforms',
      [
        row('calls', ({ platform }) => platform.calls),
        row('accepted', ({ platform }) => platform.accepted),
        row('people with more than one', ({ platform }) => platform.people_with_more_than_one),
      ],
    ],
  ];
  return table(
    CHANNELS.map((channel) => TITLES[channel]),
    sections,
  );
}

export const replayTable = (replayed: number, run: RunFigures): string =>
  table([TITLES.kongregate], [['second runs, by the receipts', [['replayed', replayed], ...runRows([run])]]]);

function runRows(runs: readonly RunFigures[]): Row[] {
  const row = (what: string, cell: (run: RunFigures) => Cell): Row => [what, ...runs.map(cell)];
  const byReason = (state: 'suppressed' | 'dead'): Row[] =>
    Object.entries(sumCounts(runs.map((run) => run[state])))
      .sort(([, a], [, b]) => b - a)
      .map(([reason]) => row(`${state}: ${reason}`, (run) => run[state][reason]));
  return [
    row('delivered', ({ delivered }) => delivered),
    row('  of which presumed', ({ presumed }) => presumed || undefined),
    row('  of which confirmed', ({ confirmed }) => confirmed || undefined),
    ...byReason('suppressed'),
    ...byReason('dead'),
    row('retried: more than one attempt', ({ retried }) => retried),
  ];
}

function table(titles: readonly string[], sections: readonly Section[]): string {
  const [head = [], ...rows] = sections.flatMap(([title, section], i) => [
    [title.toUpperCase(), ...titles.map((name) => (i === 0 ? name : ''))],
    ...section.map(([what, ...cells]) => [`  ${what}`, ...cells.map(cellText)]),
  ]);
  return renderTable({ head, rows, right: [false, ...titles.map(() => true)] });
}

const cellText = (cell: Cell): string => (cell === undefined ? '-' : number(cell));
