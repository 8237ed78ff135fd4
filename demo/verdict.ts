import type { Receipt } from '../src/receipts/receipts.ts';
import type { SandboxReport } from '../src/sandbox/journal.ts';
import type { Channel } from './channels.ts';
import { type Tally, tallyOf } from './tally.ts';

/** The result of the demo on one platform, and whether Herald's promises were kept. Pure. */

/** Both sides of a channel's accounts: what was enqueued and what the receipts say, and what the platform counted. */
export interface Books {
  /** Ids of the messages that were enqueued. */
  enqueued: ReadonlySet<string>;
  /** Dead letters that were replayed. */
  replayed: number;
  receipts: readonly Receipt[];
  report: Pick<SandboxReport, 'calls' | 'accepted' | 'acceptedMoreThanOnce'>;
}

export interface Promises {
  /** Every run, of an enqueued message or a replay, has exactly one final state. */
  one_final_state: boolean;
  /** The platform took what the receipts call delivered; where it proves no more, perhaps some of the unconfirmed, too. */
  receipts_agree: boolean;
  /** On Kongregate no player has two of the messages; elsewhere, where each gets one, nobody got it twice. */
  nobody_twice: boolean;
  /** Promised where the platform can be asked what became of a send. */
  all_delivered?: boolean;
}

export interface Verdict {
  enqueued: number;
  replayed: number;
  tally: Tally;
  platform: { calls: number; accepted: number };
  promises: Promises;
}

const CONFIRMING: ReadonlySet<Channel> = new Set<Channel>(['zulip', 'discourse']);

export function judge(channel: Channel, { enqueued, replayed, receipts, report }: Books): Verdict {
  const { calls, accepted, acceptedMoreThanOnce } = report;
  const tally = tallyOf(receipts);
  const mayHaveArrived = channel === 'usercom' ? (tally.dead['unconfirmed'] ?? 0) : 0;
  const ended = new Set(receipts.map(({ id, run }) => `${run} ${id}`));
  const oneEach = ended.size === receipts.length && ended.size === enqueued.size + replayed;
  return {
    ...{ enqueued: enqueued.size, replayed, tally },
    platform: { calls, accepted },
    promises: {
      one_final_state: oneEach && [...enqueued].every((id) => ended.has(`1 ${id}`)),
      receipts_agree: accepted >= tally.delivered && accepted <= tally.delivered + mayHaveArrived,
      nobody_twice: acceptedMoreThanOnce === 0,
      ...(CONFIRMING.has(channel) && { all_delivered: tally.delivered === enqueued.size }),
    },
  };
}

export const kept = (promises: Promises): boolean => Object.values(promises).every(Boolean);
