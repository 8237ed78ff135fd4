import { renderTable } from '../src/cli/table.ts';
import { type ByChannel, CHANNELS, TITLES } from './channels.ts';
import type { Promises, Verdict } from './verdict.ts';
import { number } from './view.ts';

/** The closing table, a column a platform. Pure; made for 80 columns. */

type Cell = number | boolean | undefined;
type Row = readonly [what: string, ...cells: Cell[]];

/** What became of what was enqueued, what the platforms themselves counted, and whether both agree with the promises. */
export function closingTable(verdicts: ByChannel<Verdict>): string {
  const all = CHANNELS.map((channel) => verdicts[channel]);
  const row = (what: string, cell: (verdict: Verdict) => Cell): Row => [what, ...all.map(cell)];
  const byReason = (state: 'suppressed' | 'dead'): Row[] =>
    [...new Set(all.flatMap(({ tally }) => Object.keys(tally[state])))].map((reason) =>
      row(`${state}: ${reason}`, ({ tally }) => tally[state][reason]),
    );
  const promise = (what: string, name: keyof Promises): Row => row(what, ({ promises }) => promises[name]);
  const sections: [string, Row[]][] = [
    [
      'by the receipts',
      [
        row('enqueued', ({ enqueued }) => enqueued),
        row('replayed', ({ replayed }) => replayed || undefined),
        row('delivered', ({ tally }) => tally.delivered),
        row('  of which presumed', ({ tally }) => tally.presumed || undefined),
        row('  of which confirmed', ({ tally }) => tally.confirmed || undefined),
        ...byReason('suppressed'),
        ...byReason('dead'),
        row('more than one attempt', ({ tally }) => tally.retried),
      ],
    ],
    [
      'by the platforms',
      [row('calls', ({ platform }) => platform.calls), row('accepted', ({ platform }) => platform.accepted)],
    ],
    [
      'promised',
      [
        promise('one final state a run', 'one_final_state'),
        promise('receipts agree with platform', 'receipts_agree'),
        promise('nobody has two', 'nobody_twice'),
        promise('each message arrived', 'all_delivered'),
      ],
    ],
  ];
  const [head = [], ...rows] = sections.flatMap(([title, section], i) => [
    [title.toUpperCase(), ...CHANNELS.map((channel) => (i === 0 ? TITLES[channel] : ''))],
    ...section.map(([what, ...cells]) => [`  ${what}`, ...cells.map(cellText)]),
  ]);
  return renderTable({ head, rows, right: [false, ...CHANNELS.map(() => true)] });
}

function cellText(cell: Cell): string {
  if (typeof cell === 'number') return number(cell);
  return { true: 'yes', false: 'NO', undefined: '-' }[String(cell) as 'true' | 'false' | 'undefined'];
}

export const NEXT_STEPS = [
  'Where to go next:',
  '  README.md, "Run it"    a worker with a herald.yaml of your own',
  '  herald sandbox         the platforms of this demo, for as long as you like',
  '  herald --help          every command, each with an example',
  '  ARCHITECTURE.md        how the promise is kept, and where its limits are',
].join('\n');
