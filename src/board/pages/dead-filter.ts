import type { DeadLetterSelection } from '../../admin/dead-letter-admin.ts';
import { DEAD_REASONS } from '../../outcome.ts';
import { parseDuration } from '../../time.ts';
import type { DeadFilter } from '../links.ts';
import type { Submission, Visit } from '../screen.ts';
import { count, duration, spoken } from '../words.ts';

/** The filter of dead letters as addresses and forms have it. */

type Values = (name: string) => string | undefined;

/** The longest time that a filter may look back: there are no older dead letters. */
const LONGEST_MS = 100 * 366 * 86_400_000;

/** A value that is not understood does not restrict, and is not shown as if it did. */
function filterFrom(value: Values): DeadFilter {
  const reason = DEAD_REASONS.find((each) => each === value('reason'));
  const since = (parseDuration(value('since')) ?? LONGEST_MS) < LONGEST_MS ? value('since') : undefined;
  const [channel, detail, campaign] = [value('channel'), value('detail'), value('campaign')];
  return { channel, reason, since, detail, campaign, id: value('id') };
}

export const filterOf = ({ query }: Visit): DeadFilter => filterFrom(query);
export const submittedFilter = ({ field }: Submission): DeadFilter => filterFrom(field);

/** @param until milliseconds since the epoch: letters that died later are not selected */
export async function selectionOf(
  { view, now }: Visit,
  { channel, reason, since, detail, campaign, id }: DeadFilter,
  until?: number,
): Promise<DeadLetterSelection> {
  const ageMs = parseDuration(since);
  return await view.selection({
    channel,
    ...(reason !== undefined && { reasons: [reason] }),
    ...(ageMs !== undefined && { since: new Date((until ?? now) - ageMs) }),
    ...(until !== undefined && { until: new Date(until) }),
    ...(detail !== undefined && { detail }),
    ...(campaign !== undefined && { campaign }),
    ...(id !== undefined && { ids: [id] }),
  });
}

/** As hidden fields of a form. */
export const filterFields = (filter: DeadFilter): Record<string, string> =>
  Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)) as Record<
    string,
    string
  >;

/** `of kongregate, with reason exhausted, that died in the last 24 h`; empty for all. */
export function filterText({ channel, reason, since, detail, campaign, id }: DeadFilter): string {
  const parts = [
    id !== undefined && `of message ${id}`,
    channel !== undefined && `of ${channel}`,
    campaign !== undefined && `of campaign ${campaign}`,
    reason !== undefined && `with reason ${spoken(reason)}`,
    detail !== undefined && `killed by “${detail}”`,
    since !== undefined && `that died in the last ${duration(parseDuration(since) ?? 0)}`,
  ];
  return parts.filter((part) => part !== false).join(', ');
}

export const letters = (many: number): string => `${count(many)} dead letter${many === 1 ? '' : 's'}`;
