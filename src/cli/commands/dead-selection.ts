import { Argument, type Command, InvalidArgumentError } from 'commander';
import type { DeadLetterSelection } from '../../admin/dead-letter-admin.ts';
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
