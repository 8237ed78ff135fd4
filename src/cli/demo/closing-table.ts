import Table from 'cli-table3';
import type { PlatformFigures, Promises, RunFigures } from './figures.ts';
import type { Paint } from './paint.ts';
import { number } from './view.ts';

/** The closing figures as text. Pure. */

type Row = readonly [what: string, count: number];

const byReason = (state: string, counts: Readonly<Record<string, number>>): Row[] =>
  Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([reason, count]) => [`${state}: ${reason}`, count]);

const runRows = (run: RunFigures): Row[] => [
  ['delivered', run.delivered],
  ['  of which presumed, by a refused repetition', run.presumed],
  ...byReason('suppressed', run.suppressed),
  ...byReason('dead', run.dead),
  ['retried: more than one attempt', run.retried],
];

/** What became of what was enqueued, beside what the platform itself counted. */
export const closingTable = (
  enqueued: number,
  run: RunFigures,
  platform: PlatformFigures,
  bordered: boolean,
): string =>
  table(bordered, 'by the receipts', [['enqueued', enqueued], ...runRows(run)], 'by the platform', [
    ['calls', platform.calls],
    ['accepted', platform.accepted],
    ['players with more than one', platform.players_with_more_than_one],
  ]);

export const replayTable = (replayed: number, run: RunFigures, bordered: boolean): string =>
  table(bordered, 'second runs, by the receipts', [['replayed', replayed], ...runRows(run)]);

const SIDES = ['top', 'bottom', 'left', 'right', 'mid'];
const NO_RULES = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };
const NO_BORDERS = Object.fromEntries(
  SIDES.flatMap((side) => [side, `${side}-mid`, `${side}-left`, `${side}-right`]).map((name) => [name, '']),
);

/** Without rules between the rows: as one block, it is taken in at a glance. */
function table(bordered: boolean, ...parts: (string | readonly Row[])[]): string {
  const rendered = new Table({
    colAligns: ['left', 'right'],
    style: { head: [], border: [] },
    chars: bordered ? NO_RULES : { ...NO_BORDERS, middle: '  ' },
  });
  for (const part of parts) {
    if (typeof part === 'string') rendered.push([part.toUpperCase(), '']);
    else rendered.push(...part.map(([what, count]) => [`  ${what}`, number(count)]));
  }
  const lines = rendered.toString().split('\n');
  return lines.map((line) => line.trimEnd()).join('\n');
}

/** One line a promise, with the figures that it is judged by. */
export function promiseLines(
  promises: Promises,
  { delivered, finals, platform }: { delivered: number; finals: number; platform: PlatformFigures },
  paint: Paint,
): string {
  const line = (holds: boolean, text: string): string =>
    `${holds ? paint('green', 'yes') : paint('red', 'NO ')}  ${text}`;
  return [
    line(promises.one_final_state, `each message has exactly one final state (${number(finals)})`),
    line(
      promises.receipts_agree,
      `the receipts agree with the platform (${number(delivered)} delivered, ${number(platform.accepted)} accepted)`,
    ),
    line(
      promises.no_player_twice,
      `no player got more than one message (${number(platform.players_with_more_than_one)})`,
    ),
  ].join('\n');
}

export const NEXT_STEPS = [
  'Where to go next:',
  '  README.md, "Run it"    a worker with a herald.yaml of your own',
  '  herald sandbox         the platform of this demo, for as long as you like',
  '  herald --help          every command, each with an example',
  '  ARCHITECTURE.md        how the promise is kept, and where its limits are',
].join('\n');
