import type { Installation } from '../channels/installation.ts';
import type { DeadLetterQuery } from '../dead-letters/selection.ts';
import { checkOptions, type OptionNames } from '../options.ts';
import { DEAD_REASONS } from '../outcome.ts';
import { type Instant, parseInstant } from '../time.ts';
import { requireChannel } from './require-channel.ts';

/** Selects dead letters; an absent field does not restrict. */
export interface DeadLetterSelection extends Omit<DeadLetterQuery, 'since' | 'until'> {
  /** When they died, as a Date or ISO text: from … */
  since?: Instant | undefined;
  /** … to, inclusive. */
  until?: Instant | undefined;
}

const SELECTION: OptionNames<DeadLetterSelection> = {
  channels: true,
  reasons: true,
  since: true,
  until: true,
  detail: true,
  campaign: true,
  ids: true,
  limit: true,
};

/** @throws UnknownChannelError; TypeError for a selection that would be read as a wider one */
export function checkedSelection(
  installation: Installation,
  selection: DeadLetterSelection,
): DeadLetterQuery {
  checkSelection(selection);
  for (const name of selection.channels ?? []) requireChannel(installation, name);
  return {
    ...selection,
    since: instant('since', selection.since),
    until: instant('until', selection.until),
  };
}

function checkSelection(selection: DeadLetterSelection): void {
  const { limit, ...lists } = checkOptions('a selection of dead letters', selection, SELECTION);
  for (const name of ['channels', 'reasons', 'ids'] as const) {
    if (lists[name] !== undefined && !Array.isArray(lists[name]))
      throw new TypeError(`${name}: expected a list`);
  }
  const stray = lists.reasons?.find((reason) => !DEAD_REASONS.includes(reason));
  if (stray !== undefined)
    throw new TypeError(`reasons: ${JSON.stringify(stray)} is none of ${DEAD_REASONS.join(', ')}`);
  if (limit !== undefined && !(Number.isInteger(limit) && limit >= 0))
    throw new TypeError('limit: expected a whole number');
}

function instant(name: string, value: Instant | undefined): Date | undefined {
  if (value === undefined) return undefined;
  const date = parseInstant(value);
  if (!date) throw new TypeError(`${name}: expected a Date or an ISO instant`);
  return date;
}
