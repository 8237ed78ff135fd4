import type { LedgerEntry } from '../../ledger/lookups.ts';
import { decodeFinal } from '../../ledger/reasons.ts';
import type { FinalState } from '../../outcome.ts';

/** The ledger's entries in readable form. Times in milliseconds since the epoch by the store's clock. */

export type ExplainedRecord =
  | {
      /** `enlisted`: enqueued, and not yet admitted. */
      state: 'enlisted' | 'open' | 'sending' | 'asking';
      run: number;
      attempts: number;
      /** Since the first admission. */
      since: number | null;
      /** The deadline of the request in flight. */
      deadline: number | null;
      /** Since when it is unknown whether an attempt of this run arrived. */
      doubtSince: number | null;
      /** When it was rescheduled to, which is then in place of its `sendAt`. */
      rescheduledTo: number | null;
    }
  | (FinalState & { run: number; attempts: number; at: number });

export interface ExplainedSlot {
  /** `held`: a send is in flight or in doubt; `sent`: used; `taken`: presumed used. */
  state: 'held' | 'sent' | 'taken';
  /** When the window ends and the slot is free again. */
  until: number;
  /** Whether this message holds it. */
  own: boolean;
  /** The record key of the message that holds it. */
  owner: string;
}

export interface ExplainedPlay {
  /** `refused`: the platform refused the player as not having played. */
  kind: 'played' | 'refused';
  at: number;
}

const LIVE = { e: 'enlisted', o: 'open', s: 'sending', a: 'asking' } as const;
const SLOTS = { h: 'held', s: 'sent', t: 'taken' } as const;

export function explainRecord(record: LedgerEntry['record']): ExplainedRecord | null {
  if (!record) return null;
  const number = (name: string): number => Number(record[name] ?? 0);
  const counted = { run: number('run'), attempts: number('attempts') + number('waived') };
  const letter = String(record['state']);
  const final = decodeFinal(letter, number('reason'));
  if (final) return { ...final, ...counted, at: number('at') };
  const state = LIVE[letter as keyof typeof LIVE] ?? 'open';
  return {
    ...counted,
    state,
    since: state === 'enlisted' ? null : number('born'),
    deadline: state === 'sending' || state === 'asking' ? number('deadline') : null,
    doubtSince: number('doubt_at') || null,
    rescheduledTo: number('not_before') || null,
  };
}

/** In place of the `sendAt` of its message; null if that holds. */
export const rescheduledTo = (record: ExplainedRecord | null): number | null =>
  record && 'rescheduledTo' in record ? record.rescheduledTo : null;

export function explainSlot(slot: LedgerEntry['slot']): ExplainedSlot | null {
  if (!slot) return null;
  const state = SLOTS[slot.state as keyof typeof SLOTS] ?? 'held';
  return { state, until: slot.window, own: slot.own, owner: slot.owner };
}

export const explainPlay = (play: LedgerEntry['play']): ExplainedPlay | null =>
  play && { kind: play.kind === 'p' ? 'played' : 'refused', at: play.at };
