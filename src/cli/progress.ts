import cliProgress from 'cli-progress';
import type { Clock } from '../clock.ts';
import type { OutputStream } from './context.ts';
import { ageText } from './moments.ts';

export interface Progress {
  /** @param value in the unit of `total` @param count in the unit of `noun` */
  update(value: number, count: number): void;
  /** Clears the bar for a line of text that is written next; it is redrawn below. */
  giveWay(): void;
  stop(): void;
}

export interface ProgressOptions {
  stream: OutputStream;
  clock: Pick<Clock, 'monotonic'>;
  /** What is counted, for people: `messages`. */
  noun: string;
  /** Standard input has none: then only the count is shown. */
  total: number | undefined;
  /** Whether to write a line every ten seconds if the stream is not a terminal. */
  lines?: boolean;
}

const silent: Progress = { update() {}, giveWay() {}, stop() {} };

const CLEAR_LINE = '\r\u001b[K';
const LINE_EVERY_MS = 10_000;

/** A bar on a terminal, with the rate so far and the time left at that rate. */
export function startProgress(options: ProgressOptions): Progress {
  if (options.stream.isTTY !== true) return options.lines ? progressLines(options) : silent;
  const { stream, noun, total } = options;
  const paceOf = createPaceOf(options);
  const bar = new cliProgress.SingleBar({
    stream,
    hideCursor: true,
    clearOnComplete: true,
    forceRedraw: true,
    format: total === undefined ? `{count} ${noun}{pace}` : `{bar} {percentage}%  {count} ${noun}{pace}`,
  });
  bar.start(total ?? 1, 0, { count: 0, pace: '' });
  return {
    update: (value, count) =>
      bar.update(total === undefined ? 0 : value, { count, pace: paceOf(value, count) }),
    giveWay: () => void stream.write(CLEAR_LINE),
    stop: () => bar.stop(),
  };
}

function progressLines(options: ProgressOptions): Progress {
  const { stream, clock, noun, total } = options;
  const paceOf = createPaceOf(options);
  let nextAt = clock.monotonic() + LINE_EVERY_MS;
  return {
    ...silent,
    update(value, count) {
      if (clock.monotonic() < nextAt) return;
      nextAt = clock.monotonic() + LINE_EVERY_MS;
      const percent = total === undefined ? '' : ` (${Math.floor((value / total) * 100)}%)`;
      stream.write(`herald: ${count} ${noun}${percent}${paceOf(value, count)}\n`);
    },
  };
}

/** The rate is shown after this time: extrapolating from less would mislead. */
const SETTLED_MS = 1_000;

/** @returns what follows the count: `, 50/s, 12s left` */
function createPaceOf({ clock, total }: Pick<ProgressOptions, 'clock' | 'total'>) {
  const startedAt = clock.monotonic();
  return (value: number, count: number): string => {
    const elapsedMs = clock.monotonic() - startedAt;
    if (elapsedMs < SETTLED_MS || value === 0) return '';
    const rate = `, ${rateText((count / elapsedMs) * 1000)}`;
    return total === undefined ? rate : `${rate}, ${ageText(((total - value) * elapsedMs) / value)} left`;
  };
}

export function rateText(perSecond: number): string {
  if (perSecond >= 10) return `${Math.round(perSecond)}/s`;
  return perSecond >= 1 ? `${perSecond.toFixed(1)}/s` : `${(perSecond * 60).toFixed(1)}/m`;
}
