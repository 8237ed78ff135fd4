import type { DeadReason } from '../../outcome.ts';

/** What to do about letters that died for this reason, in whole sentences; docs/runbooks/HeraldDeadLetters.md says more. */
export const ADVICE: Readonly<Record<DeadReason, string>> = {
  invalid_message:
    'An application enqueues what is no message. Mend it there, and purge the letter: a replay dies again.',
  bad_recipient:
    'The platform does not know the recipient, or takes nothing for them. Correct that in the application, and purge the letter; replay it if the platform was wrong.',
  bad_request:
    'The platform refuses the content or a field; what was said names it. Mend the message, enqueue it anew, and purge the letter.',
  exhausted: 'The platform could not be reached in all attempts. Replay it once it can.',
  unconfirmed:
    'It may have arrived. Look for it on the platform, and replay it only if it is not there: else its recipient gets it twice.',
  stalled:
    'Workers died with it in hand. Find out why they did, by their logs and their memory, before you replay it.',
};
