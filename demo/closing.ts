import type { Output } from '../src/cli/output.ts';
import { byChannel, CHANNELS, type Channel } from './channels.ts';
import { closingTable, replayTable } from './closing-table.ts';
import { type Balance, balance, kept, type Run, runFigures } from './figures.ts';
import { type Mended, REPLAY_COMMAND } from './mending.ts';
import type { Paint } from './paint.ts';
import type { Performance } from './performance.ts';
import { promiseLines } from './promise-lines.ts';
import type { Scene } from './scene.ts';
import { number, seconds } from './view.ts';

/** How a demo ends: what was counted, on both sides, and whether it agrees. */

export interface Act {
  figures: object;
  text: string;
  /** Whether every promise was kept on every platform. */
  held: boolean;
}

export interface Stage {
  scene: Scene;
  performance: Performance;
  paint: Paint;
}

/** After the first runs. */
export function firstAct({ scene, performance, paint }: Stage): Act {
  const { watch, enqueued } = performance;
  const platforms = byChannel((channel) => {
    const run = firstRun(performance, channel);
    const missing = [...enqueued[channel]].filter((id) => !watch.books[channel].has(id, 1)).length;
    const judged = balance(channel, [run], missing, scene.sandbox.journal.report(channel));
    return { ...run, run: runFigures(run.tally), ...judged };
  });
  const text = ['', closingTable(platforms), '', promiseLines(platforms, paint)].join('\n');
  const figures = byChannel((channel) => {
    const { started, run, platform, promises } = platforms[channel];
    return { enqueued: started, ...run, platform, promises };
  });
  return { figures, text, held: allKept(platforms) };
}

/** After the replay. */
export function secondAct({ scene, performance, paint }: Stage, { players, replay }: Mended): Act {
  const tally = performance.watch.books.kongregate.tally(2);
  const balances = byChannel((channel) => {
    const first = firstRun(performance, channel);
    const report = scene.sandbox.journal.report(channel);
    if (channel !== 'kongregate') return balance(channel, [first], 0, report);
    return balance(channel, [first, { started: replay.replayed, tally }], replay.failed, report);
  });
  const run = runFigures(tally);
  const unconfirmed = CHANNELS.reduce((sum, channel) => sum + balances[channel].unconfirmed, 0);
  const text = [
    '',
    `${number(players)} of the unknown players turn out to exist. What died of it is replayed, as by`,
    `  ${REPLAY_COMMAND}`,
    ...leftAlone(unconfirmed),
    '',
    replayTable(replay.replayed, run),
    '',
    promiseLines(balances, paint),
  ].join('\n');
  const platforms = byChannel((channel) => {
    const { platform, promises } = balances[channel];
    return { platform, promises };
  });
  const figures = { mended_players: players, replayed: replay.replayed, ...run, platforms };
  return { figures, text, held: allKept(balances) };
}

const firstRun = ({ enqueued, watch }: Performance, channel: Channel): Run => ({
  started: enqueued[channel].size,
  tally: watch.books[channel].tally(1),
});

const allKept = (balances: Readonly<Record<Channel, Balance>>): boolean =>
  CHANNELS.every((channel) => kept(balances[channel].promises));

const leftAlone = (unconfirmed: number): string[] =>
  unconfirmed === 0
    ? []
    : [`The ${unconfirmed} unconfirmed are left alone: for all that is known, they may have arrived.`];

/** The last word, or with `--json` the only document. Returns whether everything that is promised held. */
export function conclude(
  first: Act,
  second: Act,
  { output, paint, tookMs }: Pick<Stage, 'paint'> & { output: Output; tookMs: number },
): boolean {
  const held = first.held && second.held;
  const took = Math.round(tookMs / 100) / 10;
  const figures = { held, seconds: took, platforms: first.figures, replay: second.figures };
  const verdict = held ? paint('green', 'The promise held') : paint('red', 'The promise did NOT hold');
  output.result(figures, () => `\n${verdict}, in ${seconds(tookMs)}.\n\n${NEXT_STEPS}`);
  return held;
}

const NEXT_STEPS = [
  'Where to go next:',
  '  README.md, "Run it"    a worker with a herald.yaml of your own',
  '  herald sandbox         the platforms of this demo, for as long as you like',
  '  herald --help          every command, each with an example',
  '  ARCHITECTURE.md        how the promise is kept, and where its limits are',
].join('\n');
