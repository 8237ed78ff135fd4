import type { Output } from '../output.ts';
import { closingTable, NEXT_STEPS, promiseLines, replayTable } from './closing-table.ts';
import { judge, kept, type Promises, platformFigures, runFigures } from './figures.ts';
import type { Mended } from './mending.ts';
import type { Paint } from './paint.ts';
import type { Performance } from './performance.ts';
import type { Scene } from './scene.ts';
import { number, seconds } from './view.ts';

/** How a demo ends: what was counted, on both sides, and whether it agrees. */

export interface Act {
  figures: object;
  text: string;
  promises: Promises;
}

export interface Stage {
  scene: Scene;
  performance: Performance;
  paint: Paint;
  /** At a terminal, tables have borders. */
  bordered: boolean;
}

/** After the first runs. */
export function firstAct({ scene, performance, paint, bordered }: Stage): Act {
  const { enqueued, watch } = performance;
  const report = scene.sandbox.journal.report();
  const tally = watch.book.tally(1);
  const missing = [...enqueued].filter((id) => !watch.book.has(id, 1)).length;
  const promises = judge([{ started: enqueued.size, tally }], missing, report);
  const run = runFigures(tally);
  const platform = platformFigures(report);
  const judged = { delivered: tally.delivered, finals: tally.finals, platform };
  const text = [
    '',
    closingTable(enqueued.size, run, platform, bordered),
    '',
    promiseLines(promises, judged, paint),
  ].join('\n');
  return { figures: { enqueued: enqueued.size, ...run, platform, promises }, text, promises };
}

/** After the replay. */
export function secondAct({ scene, performance, paint, bordered }: Stage, { players, replay }: Mended): Act {
  const { enqueued, watch } = performance;
  const report = scene.sandbox.journal.report();
  const [first, second] = [watch.book.tally(1), watch.book.tally(2)];
  const runs = [
    { started: enqueued.size, tally: first },
    { started: replay.replayed, tally: second },
  ];
  const promises = judge(runs, replay.failed, report);
  const run = runFigures(second);
  const platform = platformFigures(report);
  const delivered = first.delivered + second.delivered;
  const judged = { delivered, finals: first.finals + second.finals, platform };
  const text = [
    '',
    `${number(players)} of the unknown players turn out to exist. What died of it is replayed, as by`,
    '  herald dead replay --reason bad_recipient --yes',
    ...leftAlone(first.dead['unconfirmed'] ?? 0),
    '',
    replayTable(replay.replayed, run, bordered),
    '',
    promiseLines(promises, judged, paint),
  ].join('\n');
  const figures = { mended_players: players, replayed: replay.replayed, ...run, platform, promises };
  return { figures, text, promises };
}

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
  const held = kept(first.promises) && kept(second.promises);
  const figures = { held, seconds: Math.round(tookMs / 100) / 10, ...first.figures, replay: second.figures };
  const verdict = held ? paint('green', 'The promise held') : paint('red', 'The promise did NOT hold');
  output.result(figures, () => `\n${verdict}, in ${seconds(tookMs)}.\n\n${NEXT_STEPS}`);
  return held;
}
