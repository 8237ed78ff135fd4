import { accepted } from './arrivals.ts';
import type { Breach, History } from './breach.ts';

/** A window's end and beginning, and what a slow machine adds. */
const MARGIN_MS = 10_000;

/** Nothing ends before its time that had still time. */
export function inTime({ channel, receipts, times }: History): Breach[] {
  const breaches: Breach[] = [];
  for (const { id, at, state, reason } of receipts) {
    const { expiresAt, defers } = times.get(id) ?? {};
    if (expiresAt === undefined || state !== 'suppressed') continue;
    const waitsAt = defers && reason === 'quota' ? nextWindow(channel.rule, at) + MARGIN_MS : undefined;
    if ((reason === 'expired' && at < expiresAt) || (waitsAt !== undefined && waitsAt < expiresAt))
      breaches.push({
        ...{ kind: 'ended_early', channel: channel.name, id, calls: [] },
        what: `${state} (${reason}) ${expiresAt - at} ms before it expired`,
      });
  }
  return breaches;
}

/** When a player whose window is used up at this moment may get the next message, at the latest. */
function nextWindow(rule: History['channel']['rule'], at: number): number {
  if (rule.kind === 'rolling') return at + rule.windowMs;
  if (rule.kind === 'calendar') return (Math.floor(at / rule.windowMs) + 1) * rule.windowMs;
  return Number.POSITIVE_INFINITY;
}

/**
 * An answer that was given and understood is settled, whatever the store refuses meanwhile. To be asked of a time in
 * which no worker dies: whoever dies takes what it knows along.
 * @param unknown runs with a send whose end was unknown, by the workers' logs: `<channel> <id> <run>`
 */
export function answersKept(
  { channel, calls, receipts }: History,
  calmFrom: number,
  unknown: ReadonlySet<string>,
): Breach[] {
  const arrived = accepted(calls);
  return receipts.flatMap(({ id, run, state, reason }) => {
    const sent = arrived.get(id) ?? [];
    if (state !== 'dead' || reason !== 'unconfirmed' || unknown.has(`${channel.name} ${id} ${run}`))
      return [];
    const answered = sent.length > 0 && sent.every(({ at, fault }) => at >= calmFrom && fault === undefined);
    const what = 'accepted and answered, and dead (unconfirmed)';
    return answered
      ? [{ kind: 'answer_thrown_away' as const, channel: channel.name, id, what, calls: sent }]
      : [];
  });
}
