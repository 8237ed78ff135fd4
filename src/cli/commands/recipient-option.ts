import { InvalidArgumentError } from 'commander';
import type { Admin } from '../../admin/admin.ts';
import { problemsText } from '../../message/problems.ts';
import { InvalidMessageError } from '../../producer/errors.ts';
import { wrongUsage } from '../failure.ts';

/** The option `--to <json>` names a recipient of a channel. */
export function recipientOption(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new InvalidArgumentError('expected JSON such as {"userId":32}.');
  }
}

/** The channel whose recipient is meant: the one that is named, or the only one. */
export async function channelOfRecipient(
  { channels }: Admin,
  name: string | undefined,
  command: string,
): Promise<string> {
  if (name !== undefined) return name;
  const [first, ...others] = await channels.list();
  if (!first || others.length > 0)
    throw wrongUsage(`${command}: --to needs --channel, unless there is only one`);
  return first.name;
}

/** Runs what takes the recipient: one that the channel's platform does not have is wrong usage. */
export async function withRecipient<T>(command: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof InvalidMessageError)) throw error;
    throw wrongUsage(`${command}: --to: ${problemsText(error.problems)}`);
  }
}
