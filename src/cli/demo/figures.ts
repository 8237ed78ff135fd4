import type { SandboxReport } from '../../sandbox/journal.ts';
import { type RunTally, total } from './receipt-book.ts';

/** What a run of the demo came to, and whether it kept what Herald promises. Pure. */

export interface RunFigures {
  delivered: number;
  presumed: number;
  suppressed: Readonly<Record<string, number>>;
  dead: Readonly<Record<string, number>>;
  retried: number;
}

export interface PlatformFigures {
  calls: number;
  accepted: number;
  players_with_more_than_one: number;
}

export interface Promises {
  /** Every enqueued message has one final state, and only one. */
  one_final_state: boolean;
  /** As many were delivered by the receipts as the platform took. */
  receipts_agree: boolean;
  no_player_twice: boolean;
}

export const runFigures = (tally: RunTally): RunFigures => ({
  delivered: tally.delivered,
  presumed: tally.presumed,
  suppressed: tally.suppressed,
  dead: tally.dead,
  retried: tally.retried,
});

export const platformFigures = (report: SandboxReport): PlatformFigures => ({
  calls: report.calls,
  accepted: report.accepted,
  players_with_more_than_one: report.acceptedMoreThanOnce,
});

/**
 * @param runs how many messages were enqueued, or replayed, in each run, with what the receipts say of it
 * @param missing messages of any run without a final state
 */
export function judge(
  runs: readonly { started: number; tally: RunTally }[],
  missing: number,
  platform: SandboxReport,
): Promises {
  const delivered = runs.reduce((sum, { tally }) => sum + tally.delivered, 0);
  return {
    one_final_state:
      missing === 0 &&
      runs.every(({ started, tally }) => tally.repeated === 0 && finalsOf(tally) === started),
    receipts_agree: delivered === platform.accepted,
    no_player_twice: platform.acceptedMoreThanOnce === 0,
  };
}

const finalsOf = (tally: RunTally): number => tally.delivered + total(tally.suppressed) + total(tally.dead);

export const kept = (promises: Promises): boolean => Object.values(promises).every(Boolean);
