import { DEAD_REASONS, type FinalState } from '../outcome.ts';

/**
 * How a final state is written in a record: one character for the state, one byte for the reason. The numbers are
 * stored, so a reason keeps its number for ever; new ones go to the end.
 */
const STATES = { d: 'delivered', x: 'suppressed', l: 'dead' } as const;

const REASONS = [
  'sent',
  'held_for_review',
  'confirmed',
  'presumed',
  'duplicate',
  'quota',
  'ineligible',
  'expired',
  'invalid_message',
  'bad_recipient',
  'bad_request',
  'exhausted',
  'unconfirmed',
  'stalled',
  'cancelled',
] as const satisfies FinalState['reason'][];

export const reasonCode = (reason: FinalState['reason']): number => REASONS.indexOf(reason) + 1;

/** The code of the first of DEAD_REASONS; the others follow in their order. */
export const FIRST_DEAD_CODE = reasonCode(DEAD_REASONS[0]);

/** The final state that a script answered; undefined for a live record. */
export function decodeFinal(state: string, code: number): FinalState | undefined {
  const name = STATES[state as keyof typeof STATES];
  const reason = REASONS[code - 1];
  return name && reason ? ({ state: name, reason } as FinalState) : undefined;
}
