import type { Receipt } from '../src/observe/receipts.ts';
import type { SandboxCall } from '../src/sandbox/index.ts';
import type { Lane } from './lanes.ts';
import type { LateWrites } from './late-writes.ts';
import { idIn } from './messages.ts';

/** What broke the promise: of which message, and how. */
export interface Breach {
  kind: 'lost' | 'two_final_states' | 'second_message' | 'arrived_twice' | 'never_arrived';
  lane: string;
  id: string;
  what: string;
  /** The requests that it consists of. */
  calls: readonly SandboxCall[];
}

/** What the sandbox holds of one lane, and what Herald said of it. */
export interface Evidence {
  lane: Lane;
  calls: readonly SandboxCall[];
  receipts: readonly Receipt[];
  /** Ids of the messages that Redis acknowledged. */
  acknowledged: ReadonlySet<string>;
}

/** The platform's own rules came to a decision: a refusal for the quota is a second message that it stopped. */
const JUDGED = new Set(['accepted', 'daily_limit']);

export function judge(evidence: Evidence): Breach[] {
  return [...finalStates(evidence), ...secondMessages(evidence), ...arrivals(evidence)];
}

/** What broke the promise, and what only looks so: a request of it was written beyond the bounds of the guarantee. */
export function separate(
  breaches: readonly Breach[],
  isLate: LateWrites,
): { breaches: Breach[]; beyond: Breach[] } {
  const beyond = breaches.filter(({ lane, calls }) =>
    calls.some((call) => isLate(lane, call, idIn(call.content) ?? '')),
  );
  return { breaches: breaches.filter((breach) => !beyond.includes(breach)), beyond };
}

/** One final state for each run of each message, and every run from the first to the last. */
function finalStates({ lane, receipts, acknowledged }: Evidence): Breach[] {
  const runs = new Map<string, number[]>();
  for (const { id, run } of receipts) {
    const known = runs.get(id);
    if (known) known.push(run);
    else runs.set(id, [run]);
  }
  const breaches: Breach[] = [];
  const breach = (kind: Breach['kind'], id: string, what: string): void =>
    void breaches.push({ kind, lane: lane.name, id, what, calls: [] });
  for (const id of acknowledged)
    if (!runs.has(id)) breach('lost', id, 'acknowledged and without a final state');
  for (const [id, ended] of runs) {
    const told = new Set(ended);
    if (told.size < ended.length) breach('two_final_states', id, `runs that ended: ${ended.join(', ')}`);
    for (let run = 1; run < Math.max(...ended); run += 1) {
      if (!told.has(run)) breach('lost', id, `run ${run} has no final state, a later one has`);
    }
  }
  return breaches;
}

/** Of messages that came to a decision of the platform, each recipient's, in order. */
function byRecipient(calls: readonly SandboxCall[]): Map<string, SandboxCall[]> {
  const groups = new Map<string, SandboxCall[]>();
  for (const call of calls) {
    if (!JUDGED.has(call.result)) continue;
    const group = groups.get(call.recipient);
    if (group) group.push(call);
    else groups.set(call.recipient, [call]);
  }
  return groups;
}

/** A recipient's window belongs to the message that was accepted first in it; that one may be repeated, no other sent. */
function secondMessages({ lane, calls }: Evidence): Breach[] {
  const { judged } = lane;
  if (judged.kind === 'confirmable') return [];
  const breaches: Breach[] = [];
  for (const [recipient, sent] of byRecipient(calls)) {
    let owner: SandboxCall | undefined;
    for (const call of sent) {
      const same = owner !== undefined && sharesWindow(owner, call, judged);
      const id = idIn(call.content) ?? call.content;
      if (same && owner && idIn(owner.content) !== id) {
        const what = `${call.result} for ${recipient} ${call.at - owner.at} ms after ${idIn(owner.content)}`;
        breaches.push({ kind: 'second_message', lane: lane.name, id, what, calls: [owner, call] });
      }
      if (call.result === 'accepted') owner = call;
    }
  }
  return breaches;
}

function sharesWindow(
  first: SandboxCall,
  second: SandboxCall,
  { kind, windowMs }: { kind: 'calendar' | 'rolling'; windowMs: number },
): boolean {
  if (kind === 'rolling') return second.at - first.at < windowMs;
  return Math.floor(first.at / windowMs) === Math.floor(second.at / windowMs);
}

/** Nothing arrives twice, and what is called delivered did arrive. */
function arrivals({ lane, calls, receipts }: Evidence): Breach[] {
  const accepted = new Map<string, SandboxCall[]>();
  for (const call of calls) {
    const id = idIn(call.content);
    if (call.result === 'accepted' && id !== undefined) accepted.set(id, [...(accepted.get(id) ?? []), call]);
  }
  const twice = [...accepted].filter(([, arrived]) => arrived.length > 1);
  const never = receipts.filter(({ id, state }) => state === 'delivered' && !accepted.has(id));
  return [
    ...twice.map(
      ([id, arrived]): Breach => ({
        kind: 'arrived_twice',
        lane: lane.name,
        id,
        what: `accepted ${arrived.length} times`,
        calls: arrived,
      }),
    ),
    ...never.map(
      ({ id, reason }): Breach => ({
        kind: 'never_arrived',
        lane: lane.name,
        id,
        what: `delivered (${reason}), and no platform accepted it`,
        calls: [],
      }),
    ),
  ];
}
