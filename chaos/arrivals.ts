import type { SandboxCall } from '../src/sandbox/index.ts';
import type { Breach, History } from './breach.ts';
import { idOf } from './message-ids.ts';

/** The calls by which each message arrived. */
export function accepted(calls: readonly SandboxCall[]): Map<string, SandboxCall[]> {
  const arrived = new Map<string, SandboxCall[]>();
  for (const call of calls) {
    const id = idOf(call);
    if (call.result === 'accepted' && id !== undefined) arrived.set(id, [...(arrived.get(id) ?? []), call]);
  }
  return arrived;
}

/** Nothing arrives twice, what is called delivered did arrive, and what is called undelivered did not. */
export function arrivals({ channel, calls, receipts }: History): Breach[] {
  const arrived = accepted(calls);
  const breach = (kind: Breach['kind'], id: string, what: string): Breach => ({
    ...{ kind, channel: channel.name, id, what },
    calls: arrived.get(id) ?? [],
  });
  const twice = [...arrived].filter(([, times]) => times.length > 1);
  const never = receipts.filter(({ id, state }) => state === 'delivered' && !arrived.has(id));
  const admitted = new Set(
    receipts.flatMap(({ id, state, reason }) =>
      state === 'delivered' || reason === 'unconfirmed' ? [id] : [],
    ),
  );
  const denied = receipts.filter(
    ({ id, forgottenAt = Number.POSITIVE_INFINITY }) =>
      !admitted.has(id) && arrived.get(id)?.some(({ at }) => at < forgottenAt),
  );
  return [
    ...twice.map(([id, times]) => breach('arrived_twice', id, `accepted ${times.length} times`)),
    ...never.map(({ id, reason }) =>
      breach('never_arrived', id, `delivered (${reason}), and no platform accepted it`),
    ),
    ...denied.map(({ id, state, reason }) =>
      breach('denied', id, `${state} (${reason}), and a platform accepted it`),
    ),
  ];
}
