import type { FinalState } from '../outcome.ts';
import { decodeFinal } from './reasons.ts';
import type { Settled, Settlement } from './types.ts';

/** A number is as many in a row that ended at once: a first run, with one request. Nearly all do. */
type SettleReply = (number | StatusReply)[];
type StatusReply = [
  status: Settled['status'],
  run: number,
  attempts: number,
  state?: string,
  reason?: number,
  failures?: number,
  opens?: number,
];

const ENDED_AT_ONCE: StatusReply = ['first', 1, 1];

/** Reads how each of the settlements ended, in their order. */
export function decodeSettlements(reply: unknown, settlements: readonly Settlement[]): Settled[] {
  const settled: Settled[] = [];
  const tell = (told: StatusReply): void =>
    void settled.push(decodeSettled(told, settlements[settled.length]?.final));
  for (const told of reply as SettleReply)
    if (typeof told !== 'number') tell(told);
    else for (let left = told; left > 0; left -= 1) tell(ENDED_AT_ONCE);
  return settled;
}

/** @param planned the final state that the settlement asked for: with `first`, the run has ended with it */
function decodeSettled(told: StatusReply, planned: FinalState | undefined): Settled {
  const [status, run, attempts, state = '', reason = 0, failures = 0, opens = 0] = told;
  const final = status === 'first' ? planned : decodeFinal(state, reason);
  return { status, final, run, attempts, failures, opens };
}
