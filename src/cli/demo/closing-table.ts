import Table from 'cli-table3';
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
export function closingTable(columns: Readonly<Record<Channel, Column>>, bordered: boolean): string {
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
    bordered,
  );
}

export const replayTable = (replayed: number, run: RunFigures, bordered: boolean): string =>
  table(
    [TITLES.kongregate],
    [['second runs, by the receipts', [['replayed', replayed], ...runRows([run])]]],
    bordered,
  );

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

const SIDES = ['top', 'bottom', 'left', 'right', 'mid'];
const NO_RULES = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };
const NO_BORDERS = Object.fromEntries(
  SIDES.flatMap((side) => [side, `${side}-mid`, `${side}-left`, `${side}-right`]).map((name) => [name, '']),
);

/** Without rules between the rows: as one block, it is taken in at a glance. */
function table(titles: readonly string[], sections: readonly Section[], bordered: boolean): string {
  const rendered = new Table({
    colAligns: ['left', ...titles.map(() => 'right' as const)],
    style: { head: [], border: [] },
    chars: bordered ? NO_RULES : { ...NO_BORDERS, middle: '  ' },
  });
  for (const [i, [title, rows]] of sections.entries()) {
    rendered.push([title.toUpperCase(), ...titles.map((name) => (i === 0 ? name : ''))]);
    rendered.push(...rows.map(([what, ...cells]) => [`  ${what}`, ...cells.map(cellText)]));
  }
  const lines = rendered.toString().split('\n');
  return lines.map((line) => line.trimEnd()).join('\n');
}

const cellText = (cell: Cell): string => (cell === undefined ? '-' : number(cell));
