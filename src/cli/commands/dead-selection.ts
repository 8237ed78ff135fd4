import { Argument, type Command, InvalidArgumentError } from 'commander';
import type { DeadLetterPlan, DeadLetterSelection } from '../../admin/dead-letter-admin.ts';
import { count } from '../../config/values.ts';
import type { DeadLetterGroup } from '../../dead-letters/selection.ts';
import { DEAD_REASONS, type DeadReason } from '../../outcome.ts';
import { instantText, type Moment, parseMoment, toInstant } from '../moments.ts';
import { collected, parsedBy } from '../option-values.ts';
import type { Output } from '../output.ts';
import type { Invocation } from '../shell.ts';

/** The options by which all `dead` commands say which letters they mean. */
export interface SelectionOptions {
  channel?: string[];
  reason?: DeadReason[];
  detail?: string;
  campaign?: string;
  since?: Moment;
  until?: Moment;
  limit?: number;
}

function parseReason(text: string): DeadReason {
  const reason = DEAD_REASONS.find((known) => known === text);
  if (!reason) throw new InvalidArgumentError(`expected one of ${DEAD_REASONS.join(', ')}.`);
  return reason;
}

export function addSelection(command: Command): Command {
  return command
    .addArgument(new Argument('[id...]', 'message ids or job ids; all dead letters when absent'))
    .option('--channel <name>', 'only this channel, repeatable', collected(String))
    .option('--reason <reason>', 'only with this reason, repeatable', collected(parseReason))
    .option('--detail <text>', 'only with this error text, as a letter has it or dead list --group shows it')
    .option('--campaign <id>', 'only of this campaign')
    .option('--since <moment>', 'died at or after this instant, or at most this long ago (2h)', parseMoment)
    .option('--until <moment>', 'died at or before this instant, or at least this long ago (2h)', parseMoment)
    .option('--limit <count>', 'the maximum number', parsedBy(count()));
}

export function selectionOf({ args, options, context }: Invocation<SelectionOptions>): DeadLetterSelection {
  const now = context.clock.now();
  return {
    ids: args,
    channels: options.channel,
    reasons: options.reason,
    detail: options.detail,
    campaign: options.campaign,
    since: toInstant(options.since, now),
    until: toInstant(options.until, now),
    limit: options.limit,
  };
}

export const groupRows = (groups: readonly DeadLetterGroup[], output: Output): string =>
  output.table(
    ['channel', 'reason', 'dead letters', 'oldest', 'newest'],
    groups.map(({ channel, reason, letters, oldest, newest }) => [
      channel,
      reason,
      letters,
      instantText(oldest),
      instantText(newest),
    ]),
  );

export const groupDocuments = (groups: readonly DeadLetterGroup[]): object[] =>
  groups.map(({ oldest, newest, ...group }) => ({
    ...group,
    oldest: instantText(oldest),
    newest: instantText(newest),
  }));

/** Says which of the ids that were named are not in a plan, and why. @returns whether all are */
export function noteMissing({ unknownIds, leftOutIds, selection }: DeadLetterPlan, output: Output): boolean {
  for (const id of unknownIds) output.note(`herald: no dead letter ${JSON.stringify(id)}`);
  for (const { id, channel, reason, diedAt } of leftOutIds) {
    const why =
      reason === 'unconfirmed' && !selection.reasons?.length
        ? 'unconfirmed, it may have arrived: only --reason unconfirmed includes it'
        : `${reason}, died at ${instantText(diedAt)} in channel ${channel}: not what the options select`;
    output.note(`herald: left out ${JSON.stringify(id)}: ${why}`);
  }
  return unknownIds.length === 0 && leftOutIds.length === 0;
}

export const missingDocument = ({ unknownIds, leftOutIds }: DeadLetterPlan): object => ({
  unknown_ids: unknownIds,
  left_out_ids: leftOutIds.map(({ diedAt, ...each }) => ({ ...each, died_at: instantText(diedAt) })),
});
