import type { Installation } from '../channels/installation.ts';
import { DEAD_REASONS, type DeadReason } from '../outcome.ts';
import { type DeadLetterGroup, type DeadLetterQuery, selectDeadLetters } from './selection.ts';

/** The reasons that a replay includes by default: all but `unconfirmed`, whose messages may have arrived. */
export const replayableReasons = (asked: readonly DeadReason[] | undefined): readonly DeadReason[] =>
  asked && asked.length > 0 ? asked : DEAD_REASONS.filter((reason) => reason !== 'unconfirmed');

/** Counts the dead letters of the selection that a replay skips because they may have arrived. */
export async function countLeftOut(installation: Installation, selection: DeadLetterQuery): Promise<number> {
  if (replayableReasons(selection.reasons).includes('unconfirmed') || selection.reasons?.length) return 0;
  const plan = await selectDeadLetters(installation, {
    ...selection,
    reasons: ['unconfirmed'],
    limit: undefined,
  });
  return plan.letters;
}

/** Warnings to show before a replay, as whole sentences. */
export function replayWarnings(groups: readonly DeadLetterGroup[], leftOut: number): string[] {
  const has = (reason: DeadReason): boolean => groups.some((group) => group.reason === reason);
  const warnings: string[] = [];
  if (has('unconfirmed')) {
    warnings.push('unconfirmed messages may have arrived: their recipients may get them twice.');
  }
  if (has('invalid_message')) {
    warnings.push(
      'messages dead as invalid_message die again unless the workers were upgraded to a version that reads them.',
    );
  }
  if (leftOut > 0) {
    warnings.push(
      `${leftOut} unconfirmed left out, since they may have arrived: only the reason unconfirmed includes them.`,
    );
  }
  return warnings;
}
