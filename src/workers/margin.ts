import type { Clock } from '../clock.ts';
import type { Spacing } from '../ledger/rate-lease.ts';
import { AHEAD_MS } from '../policies/admission.ts';
import { marginsMs, type Rate, spacingOf, toleranceMs } from '../policies/rate.ts';

/**
 * The margin of a channel's rate that this process needs: wider where its event loop is often late for moments, since those that it
 * misses are lost to the channel, and the least one again when it has been on time for a while.
 */
export interface Margin {
  spacing(): Spacing;
  /** For how long a moment holds, milliseconds. */
  tolerance(moment: number): number;
  /** Call with how late each moment was used or given up. */
  note(lateMs: number, used: boolean): void;
}

/** Moments that were granted before a change: the furthest ahead, and what is under way. */
const SETTLED_MS = 2 * AHEAD_MS;
/** A period is so long, and longer where it would have fewer moments: of a slow rate, or of many workers. */
const PERIOD_MS = 1_000;
const LEAST_MOMENTS = 4;
/** Of the moments in a period. */
const OFTEN = 0.05;
const QUIET_MS = 30_000;

export function createMargin(rate: Rate, clock: Pick<Clock, 'monotonic'>): Margin {
  const margins = marginsMs(rate);
  let level = 0;
  let before = 0;
  let changedAt = clock.monotonic();
  let quietFrom = Number.NEGATIVE_INFINITY;
  let period = { from: Number.NEGATIVE_INFINITY, used: 0, missed: 0 };

  const toleranceAt = (at: number): number => toleranceMs(margins[at] ?? margins[0]);
  const spacings = margins.map((margin) => spacingOf(rate, margin));

  function change(to: number, now: number): void {
    [before, level, changedAt, quietFrom] = [level, to, now, now];
  }

  function judge(now: number): void {
    const { from, used, missed } = period;
    period = { from: now, used: 0, missed: 0 };
    if (from < changedAt + SETTLED_MS) return;
    if (missed > 1 && missed > (used + missed) * OFTEN && level < margins.length - 1) change(level + 1, now);
    else if (level > 0 && now > quietFrom + QUIET_MS) change(level - 1, now);
  }

  return {
    spacing: () => spacings[level]!,
    tolerance: (moment) =>
      Math.min(toleranceAt(level), toleranceAt(moment > changedAt + SETTLED_MS ? level : before)),
    note(lateMs, used) {
      const now = clock.monotonic();
      if (used) period.used += 1;
      else period.missed += 1;
      if (lateMs > toleranceAt(level - 1)) quietFrom = now;
      const moments = period.used + period.missed;
      if (moments >= LEAST_MOMENTS && now > period.from + PERIOD_MS) judge(now);
    },
  };
}
