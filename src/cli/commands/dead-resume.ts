import type { DeadLetterPlan } from '../../admin/dead-letter-admin.ts';
import { instantText } from '../moments.ts';
import type { Invocation } from '../shell.ts';
import type { SelectionOptions } from './dead-selection.ts';

/** Quoted for a shell where it has to be. */
const word = (text: string): string =>
  /^[\w.:@/-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

/**
 * The command line that continues an interrupted replay: the same selection and rate, but without messages that died since it began,
 * such as those that were replayed and died again. A duration before now stands as the instant that the plan took it for.
 * @param done how many dead letters were processed
 */
export function resumeCommand(
  invocation: Invocation<SelectionOptions & { rate?: { text: string } }>,
  plan: Pick<DeadLetterPlan, 'at' | 'selection'>,
  done: number,
): string {
  const { args, options } = invocation;
  const { since, until } = plan.selection;
  const latest = Math.min(until?.getTime() ?? Number.POSITIVE_INFINITY, plan.at - 1);
  const option = (name: string, value: string | number | undefined): string[] =>
    value === undefined ? [] : [`--${name}`, String(value)];
  return [
    ...['herald', 'dead', 'replay', ...args],
    ...(options.channel ?? []).flatMap((channel) => option('channel', channel)),
    ...(options.reason ?? []).flatMap((reason) => option('reason', reason)),
    ...option('detail', options.detail),
    ...option('campaign', options.campaign),
    ...option('since', since && instantText(since.getTime())),
    ...option('until', instantText(latest)),
    ...option('limit', options.limit === undefined ? undefined : Math.max(1, options.limit - done)),
    ...option('rate', options.rate?.text),
    ...option('config', options.config),
    '--yes',
  ]
    .map(word)
    .join(' ');
}
