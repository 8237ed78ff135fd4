import type { SandboxCall } from '../src/sandbox/index.ts';
import { arrivals } from './arrivals.ts';
import type { Breach, History } from './breach.ts';
import { campaignStory } from './campaign-story.ts';
import type { Channel } from './channels.ts';
import { controlStory } from './control-story.ts';
import { finalStates } from './final-states.ts';
import { inTime } from './in-time.ts';
import type { LateWrites } from './late-writes.ts';
import { idOf } from './message-ids.ts';

/** The platform's own rules came to a decision: a refusal for the quota is a second message that it stopped. */
const DECIDED = new Set(['accepted', 'daily_limit']);

export function check(history: History): Breach[] {
  return [
    ...finalStates(history),
    ...secondMessages(history),
    ...arrivals(history),
    ...inTime(history),
    ...controlStory(history),
    ...campaignStory(history),
  ];
}

/** What broke the promise, and what only looks so. */
export interface Separated {
  breaches: Breach[];
  /** A request of it was written beyond the bounds of the guarantee. */
  beyond: Breach[];
  /** Redis did not keep what it had acknowledged. */
  forgotten: Breach[];
}

export function separate(
  all: readonly Breach[],
  isLate: LateWrites,
  isForgotten: (breach: Breach) => boolean = () => false,
): Separated {
  const separated: Separated = { breaches: [], beyond: [], forgotten: [] };
  for (const breach of all) {
    const { channel, calls } = breach;
    const late = calls.some((call) => isLate(channel, call, idOf(call) ?? ''));
    separated[late ? 'beyond' : isForgotten(breach) ? 'forgotten' : 'breaches'].push(breach);
  }
  return separated;
}

/** Of messages that came to a decision of the platform, each recipient's, in order. */
function byRecipient(calls: readonly SandboxCall[]): Map<string, SandboxCall[]> {
  const groups = new Map<string, SandboxCall[]>();
  for (const call of calls) {
    if (!DECIDED.has(call.result)) continue;
    const group = groups.get(call.recipient);
    if (group) group.push(call);
    else groups.set(call.recipient, [call]);
  }
  return groups;
}

/** A recipient's window belongs to the message that was accepted first in it; that one may be repeated, no other sent. */
function secondMessages({ channel, calls }: History): Breach[] {
  const { rule } = channel;
  if (rule.kind !== 'calendar' && rule.kind !== 'rolling') return [];
  const breaches: Breach[] = [];
  for (const [recipient, sent] of byRecipient(calls)) {
    let owner: SandboxCall | undefined;
    for (const call of sent) {
      const same = owner !== undefined && sharesWindow(owner, call, rule);
      const id = idOf(call) ?? call.content;
      if (same && owner && idOf(owner) !== id) {
        const what = `${call.result} for ${recipient} ${call.at - owner.at} ms after ${idOf(owner)}`;
        breaches.push({ kind: 'second_message', channel: channel.name, id, what, calls: [owner, call] });
      }
      if (call.result === 'accepted') owner = call;
    }
  }
  return breaches;
}

function sharesWindow(
  first: SandboxCall,
  second: SandboxCall,
  { kind, windowMs }: Extract<Channel['rule'], { windowMs: number }>,
): boolean {
  if (kind === 'rolling') return second.at - first.at < windowMs;
  return Math.floor(first.at / windowMs) === Math.floor(second.at / windowMs);
}
