import { createLogUpdate } from 'log-update';
import type { OutputStream } from '../src/cli/context.ts';
import type { Paint } from './paint.ts';
import type { Snapshot } from './snapshot.ts';
import { frame, newsLine, plainLine } from './view.ts';

/** Shows snapshots until it is closed: a picture redrawn in place at a terminal, a line now and then elsewhere. */
export interface Screen {
  close(): void;
}

const REDRAW_MS = 100;
const LINE_MS = 2_000;
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';

export const openScreen = (stream: OutputStream, paint: Paint, look: () => Snapshot): Screen =>
  stream.isTTY === true ? picture(stream, paint, look) : lines(stream, paint, look);

function picture(stream: OutputStream, paint: Paint, look: () => Snapshot): Screen {
  // Left to log-update, hiding the cursor brings signal handlers that end the process before it has cleaned up.
  const update = createLogUpdate(stream, { showCursor: true });
  stream.write(HIDE_CURSOR);
  const draw = (): void => update(frame(look(), paint));
  const timer = setInterval(draw, REDRAW_MS);
  return {
    close() {
      clearInterval(timer);
      draw();
      update.done();
      stream.write(SHOW_CURSOR);
    },
  };
}

function lines(stream: OutputStream, paint: Paint, look: () => Snapshot): Screen {
  let told = 0;
  const tellNews = (): void => {
    const { news } = look();
    for (const item of news.slice(told)) stream.write(`${newsLine(item, paint)}\n`);
    told = news.length;
  };
  const tell = (): void => void stream.write(`${plainLine(look())}\n`);
  const timers = [setInterval(tellNews, REDRAW_MS), setInterval(tell, LINE_MS)];
  return {
    close() {
      timers.forEach(clearInterval);
      tellNews();
      tell();
    },
  };
}
