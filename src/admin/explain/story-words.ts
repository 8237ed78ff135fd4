import type { DeadReason, DeliveredReason, FinalState, SuppressedReason } from '../../outcome.ts';

/** Why a run ended, for people. */
const WHY: Readonly<Record<DeliveredReason | SuppressedReason | DeadReason, string>> = {
  sent: 'the platform accepted it',
  held_for_review: 'the platform accepted it, and holds it for review',
  confirmed: 'the platform confirmed that an attempt without an answer had arrived',
  presumed: 'a refusal proved that an attempt without an answer had arrived',
  duplicate: 'another message has its id',
  quota: 'its recipient had a message in this window',
  ineligible: 'its recipient has not played lately enough',
  expired: 'it could not be sent before its expiry',
  cancelled: 'it was cancelled',
  invalid_message: 'no worker could read it',
  bad_recipient: 'the platform refuses its recipient',
  bad_request: 'the platform refuses it',
  exhausted: 'every attempt failed',
  unconfirmed: 'an attempt may have arrived, and nothing can confirm it',
  stalled: 'its workers died, or hung, with it in hand',
};

/** @param reason of a receipt; a newer version may have written any text */
export function endText(state: FinalState['state'], reason: string): string {
  return Object.hasOwn(WHY, reason)
    ? WHY[reason as keyof typeof WHY]
    : `for a reason of ${state} that this version does not know`;
}

export const timesText = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
