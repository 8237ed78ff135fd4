import type { SandboxReport } from '../src/sandbox/journal.ts';
import type { Channel } from './channels.ts';
import { type RunTally, total } from './receipt-book.ts';

/** What a run of the demo came to on one platform, and whether it kept what Herald promises. Pure. */

export interface RunFigures {
  delivered: number;
  presumed: number;
  confirmed: number;
  suppressed: Readonly<Record<string, number>>;
  dead: Readonly<Record<string, number>>;
  retried: number;
}

export interface PlatformFigures {
  calls: number;
  accepted: number;
  /** On Kongregate players with two of their messages; elsewhere, where each gets one, people who got it twice. */
  people_with_more_than_one: number;
}

export interface Promises {
  /** Every enqueued message has one final state, and only one. */
  one_final_state: boolean;
  /** The platform took what the receipts call delivered; where it tells no more, perhaps some of the unconfirmed, too. */
  receipts_agree: boolean;
  nobody_twice: boolean;
  /** Promised where the platform can be asked what became of a send. */
  all_delivered?: boolean;
}

/** Both sides of one channel's books, over all runs. */
export interface Balance {
  finals: number;
  delivered: number;
  unconfirmed: number;
  platform: PlatformFigures;
  promises: Promises;
}

/** How many messages were enqueued, or replayed, with what the receipts say of them. */
export interface Run {
  started: number;
  tally: RunTally;
}

export const runFigures = (tally: RunTally): RunFigures => ({
  delivered: tally.delivered,
  presumed: tally.presumed,
  confirmed: tally.confirmed,
  suppressed: tally.suppressed,
  dead: tally.dead,
  retried: tally.retried,
});

/** @param missing messages of any run without a final state */
export function balance(
  channel: Channel,
  runs: readonly Run[],
  missing: number,
  report: SandboxReport,
): Balance {
  const sum = (count: (tally: RunTally) => number): number =>
    runs.reduce((all, { tally }) => all + count(tally), 0);
  const delivered = sum((tally) => tally.delivered);
  const unconfirmed = sum(({ dead }) => dead['unconfirmed'] ?? 0);
  const started = runs.reduce((all, run) => all + run.started, 0);
  const mayHaveArrived = channel === 'usercom' ? unconfirmed : 0;
  return {
    finals: sum(({ finals }) => finals),
    delivered,
    unconfirmed,
    platform: {
      calls: report.calls,
      accepted: report.accepted,
      people_with_more_than_one: report.acceptedMoreThanOnce,
    },
    promises: {
      one_final_state: missing === 0 && runs.every(isComplete),
      receipts_agree: report.accepted >= delivered && report.accepted <= delivered + mayHaveArrived,
      nobody_twice: report.acceptedMoreThanOnce === 0,
      ...(CONFIRMING.has(channel) && { all_delivered: delivered === started }),
    },
  };
}

const CONFIRMING: ReadonlySet<Channel> = new Set<Channel>(['zulip', 'discourse']);

const isComplete = ({ started, tally }: Run): boolean =>
  tally.repeated === 0 && tally.delivered + total(tally.suppressed) + total(tally.dead) === started;

export const kept = (promises: Promises): boolean => Object.values(promises).every(Boolean);
