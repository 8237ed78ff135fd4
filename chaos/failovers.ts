import type { Breach } from './breach.ts';
import { TIMEOUT_MS } from './channels.ts';
import type { Lapse } from './forgetting.ts';
import { campaignOf, idOf } from './message-ids.ts';

/** A replica took over, and what it had not got by then is forgotten: writes that had been acknowledged. */
export interface Failover extends Required<Lapse> {
  of: 'killed' | 'frozen';
  /** Nobody served the channels. */
  away: { from: number; to: number };
  bytes: number;
  /** The lost commands. */
  writes: readonly (readonly string[])[];
}

/** Whether a worker that had the message in hand ended within this time, and took along what it knew of it. */
export type EndedWith = (message: string, from: number, to: number) => boolean;

/** Workers tell a store that took over within this what it may have lost. */
const RESTORED_WITHIN_MS = 20_000;

/**
 * What broke the promise because Redis did not keep what it had acknowledged: a lost command names the message, its job or its
 * campaign; or one of its sends was granted by a lost command, and whoever knew of it is gone, or had the grant of a
 * master that no longer was one. Whatever else follows a failover is a breach.
 */
export function explainedBy(
  failovers: readonly Failover[],
  endedWith: EndedWith,
): (breach: Breach) => boolean {
  const losses = failovers
    .filter(({ bytes }) => bytes > 0)
    .map((failover) => ({ ...failover, text: failover.writes.map((words) => words.join(' ')).join('\n') }));
  return ({ id, channel, calls }) =>
    losses.some(({ channels, text, of, from, at: to, away }) => {
      if (!channels.includes(channel)) return false;
      if (namesOf(id, channel).some((name) => name.test(text))) return true;
      const granted = calls.filter(({ at }) => at >= from && at <= to + TIMEOUT_MS);
      return granted.some(
        (call) =>
          of === 'frozen' ||
          endedWith(`${channel} ${idOf(call)}`, call.at - TIMEOUT_MS, away.to + RESTORED_WITHIN_MS),
      );
    });
}

/** How commands name a message: by itself, by its campaign; what has no name of its own by its job. */
function namesOf(id: string, channel: string): RegExp[] {
  if (!id.startsWith(`${channel}-`))
    return [new RegExp(`\\{${channel}(?:/\\d+)?\\}:${id.split(':')[0]}(?![\\w-])`)];
  const campaign = campaignOf(id);
  const names = [id, ...(campaign === undefined ? [] : [campaign])];
  return names.map((name) => new RegExp(`(?<![\\w-])${name}(?![\\w-])`));
}
