import cliProgress from 'cli-progress';
import type { OutputStream } from './context.ts';

export interface Progress {
  /** `value` in the unit of the total; `count` is what the person counts in. */
  update(value: number, count: number): void;
  /** Makes room for a line of text that is written next; the bar is redrawn below it. */
  giveWay(): void;
  stop(): void;
}

const silent: Progress = { update() {}, giveWay() {}, stop() {} };

const CLEAR_LINE = '\r\u001b[K';

/**
 * A bar on a terminal, nothing elsewhere. `noun` says what is counted ("messages"). Without a total (standard input has
 * none) only the count is shown.
 */
export function startProgress(stream: OutputStream, noun: string, total: number | undefined): Progress {
  if (stream.isTTY !== true) return silent;
  const bar = new cliProgress.SingleBar({
    stream,
    hideCursor: true,
    clearOnComplete: true,
    forceRedraw: true,
    format: total === undefined ? `{count} ${noun}` : `{bar} {percentage}%  {count} ${noun}`,
  });
  bar.start(total ?? 1, 0, { count: 0 });
  return {
    update: (value, count) => bar.update(total === undefined ? 0 : value, { count }),
    giveWay: () => void stream.write(CLEAR_LINE),
    stop: () => bar.stop(),
  };
}
