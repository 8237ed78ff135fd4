import type { Breach, History } from './breach.ts';
import type { Control } from './controls.ts';
import { campaignOf, idOf } from './message-ids.ts';

/** A pickup is told by the worker's process, and read when the run has time for it. */
const TOLD_WITHIN_MS = 1_000;

/** What a message's cancellations and reschedulings were answered, held against what became of it. */
export function controlStory(history: History): Breach[] {
  const controls = [...history.controls.values()].flat();
  const own = controls.filter(({ id }) => id.startsWith(`${history.channel.name}-`));
  return [
    ...own.flatMap((control) => [...cancelled(control, history), ...falseAnswers(control, history)]),
    ...unasked(history),
    ...tooEarly(history),
  ];
}

const breach = (
  { channel, calls }: History,
  kind: Breach['kind'],
  id: string,
  what: string,
  of: (at: number) => boolean = () => false,
): Breach => ({
  ...{ kind, channel: channel.name, id, what },
  calls: calls.filter((call) => of(call.at) && idOf(call) === id),
});

/** From the answer on nothing of it is sent, and that is how it ends. */
function cancelled({ id, status, answeredAt }: Control, history: History): Breach[] {
  if (status !== 'cancelled') return [];
  const later = breach(
    history,
    'sent_after_cancel',
    id,
    'sent after it was cancelled',
    (at) => at > answeredAt,
  );
  const last = history.receipts.filter((receipt) => receipt.id === id).at(-1);
  const ended = last ? `${last.state} (${last.reason})` : 'without a final state';
  return [
    ...(later.calls.length > 0 ? [later] : []),
    ...(last?.reason === 'cancelled' || (!last && isUnlisted(id, history))
      ? []
      : [breach(history, 'uncancelled', id, `cancelled, and ${ended}`)]),
  ];
}

/** Of a campaign somebody can be cancelled who then is not listed. */
const isUnlisted = (id: string, { acknowledged }: History): boolean =>
  campaignOf(id) !== undefined && !acknowledged.has(id);

/**
 * `too_late` of what no worker had in hand and what had not ended, `unknown` of what a producer was told is in the queue, a
 * refusal of an instant that is within the message's life and not before its own.
 */
function falseAnswers(control: Control, history: History): Breach[] {
  const { id, status, askedAt, answeredAt, sendAt = 0 } = control;
  const { receipts, pickups, times, channel } = history;
  const wrong = (what: string): Breach[] => [breach(history, 'false_answer', id, what)];
  const inHand = (pickups.get(`${channel.name} ${id}`) ?? answeredAt) < answeredAt + TOLD_WITHIN_MS;
  const endedBy = (at: number): boolean => receipts.some((each) => each.id === id && each.at <= at);
  if (status === 'too_late' && !endedBy(answeredAt) && !(inHand && pickups.has(`${channel.name} ${id}`)))
    return wrong('too late, and nobody had it in hand');
  // A message of a foreign job has no record before its first admission, which may come between the question and its answer.
  if (status === 'unknown' && (control.wasEnqueued || endedBy(askedAt)))
    return wrong('unknown, and it was in the queue');
  const { expiresAt = 0 } = times.get(id) ?? {};
  if (status === 'refused' && control.wasEnqueued && sendAt < expiresAt)
    return wrong('an instant was refused that it could have');
  return [];
}

/** Nothing ends as cancelled that nobody asked to cancel, by itself or with its campaign. */
function unasked(history: History): Breach[] {
  const orders = new Map(history.campaigns.map(({ plan, orders }) => [plan.id, orders]));
  return history.receipts
    .filter(({ id, at, reason }) => {
      const asked = [...(history.controls.get(id) ?? []), ...(orders.get(campaignOf(id) ?? '') ?? [])];
      return reason === 'cancelled' && !asked.some(({ kind, askedAt }) => kind === 'cancel' && askedAt <= at);
    })
    .map(({ id }) => breach(history, 'uncancelled', id, 'ended as cancelled, and nobody had asked for it'));
}

/** Nothing is sent before the instant that is in force: its own, or the one that it was given in its place. */
function tooEarly(history: History): Breach[] {
  const breaches: Breach[] = [];
  const seen = new Set<string>();
  for (const call of history.calls) {
    const { at } = call;
    const id = idOf(call);
    if (id === undefined || seen.has(id)) continue;
    const least = notBefore(history.times.get(id)?.sendAt, history.controls.get(id) ?? [], at);
    if (at >= least) continue;
    seen.add(id);
    const what = `sent ${least - at} ms before it might be`;
    breaches.push(breach(history, 'early', id, what, (other) => other === at));
  }
  return breaches;
}

/** The earliest of the instants that may be in force: what was asked and not confirmed may be or not. */
function notBefore(sendAt: number | undefined, controls: readonly Control[], at: number): number {
  let possible = [sendAt ?? 0];
  for (const { kind, sendAt, status, askedAt, answeredAt } of controls) {
    if (kind !== 'reschedule' || sendAt === undefined || askedAt > at) continue;
    if (status === 'rescheduled' && answeredAt <= at) possible = [sendAt];
    // A call that was repeated may have been done the first time, and be too late the second.
    else if (status !== 'unknown' && status !== 'refused') possible.push(sendAt);
  }
  return Math.min(...possible);
}
