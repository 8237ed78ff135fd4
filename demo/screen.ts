import { styleText } from 'node:util';
import { createLogUpdate } from 'log-update';
import type { CommandContext, OutputStream } from '../src/cli/context.ts';
import { frame, newsLine, type Paint, plainLine, type Snapshot } from './view.ts';

const REDRAW_MS = 100;
const LINE_MS = 2_000;
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';

/** Uses colour on a terminal unless NO_COLOR is set. */
export const createPaint = (stream: OutputStream, env: CommandContext['env']): Paint =>
  stream.isTTY === true && !env['NO_COLOR']
    ? (style, text) => styleText(style, text, { validateStream: false })
    : (_, text) => text;

/**
 * Shows snapshots: a picture redrawn in place at a terminal, a line now and then elsewhere.
 * @returns what ends it
 */
export const openScreen = (stream: OutputStream, paint: Paint, look: () => Snapshot): (() => void) =>
  stream.isTTY === true ? picture(stream, paint, look) : lines(stream, paint, look);

function picture(stream: OutputStream, paint: Paint, look: () => Snapshot): () => void {
  // If log-update hid the cursor, its signal handlers would end the process before it has cleaned up.
  const update = createLogUpdate(stream, { showCursor: true });
  stream.write(HIDE_CURSOR);
  const draw = (): void => update(frame(look(), paint));
  const timer = setInterval(draw, REDRAW_MS);
  return () => {
    clearInterval(timer);
    draw();
    update.done();
    stream.write(SHOW_CURSOR);
  };
}

function lines(stream: OutputStream, paint: Paint, look: () => Snapshot): () => void {
  let printed = 0;
  const printNews = (): void => {
    const { news } = look();
    for (const item of news.slice(printed)) stream.write(`${newsLine(item, paint)}\n`);
    printed = news.length;
  };
  const print = (): void => void stream.write(`${plainLine(look())}\n`);
  const timers = [setInterval(printNews, REDRAW_MS), setInterval(print, LINE_MS)];
  return () => {
    timers.forEach(clearInterval);
    printNews();
    print();
  };
}
