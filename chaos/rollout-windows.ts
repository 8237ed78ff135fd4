import type { SandboxCall } from '../src/sandbox/index.ts';
import type { Breach, History } from './breach.ts';
import { channelNameOf, idOf } from './message-ids.ts';
import type { Deployed } from './rollouts.ts';

/**
 * Across deployments one policy is in force at a time, for every worker and by whatever name its channel goes. Nothing
 * outside tells when a new one takes over; but there must be one moment for each, from its first process on, by which
 * everything that was sent is explained: in no window of the policy in force is a player sent two messages, and none
 * of either policy is shared across the change.
 */
export function rolloutWindows(histories: readonly History[], deployed: readonly Deployed[]): Breach[] {
  const channels = histories.filter(({ channel }) => channel.rule.kind === 'rollout');
  const calls = channels.flatMap((each) => each.calls).filter(({ result }) => result === 'accepted');
  const pairs = pairsOf(calls.toSorted((a, b) => a.at - b.at));
  const changes = deployed.map(({ at, windowMs }) => ({ at, windowMs }));
  for (const [number, change] of changes.entries()) {
    if (number === 0) continue;
    const until = changes[number + 1]?.at ?? Number.POSITIVE_INFINITY;
    const moments = [
      change.at,
      ...calls.map(({ at }) => at + 1).filter((at) => at > change.at && at < until),
    ];
    let best = { at: change.at, found: Number.POSITIVE_INFINITY };
    for (const at of moments) {
      change.at = at;
      const found = pairs.filter((pair) => shares(pair, changes)).length;
      if (found < best.found) best = { at, found };
      if (found === 0) break;
    }
    change.at = best.at;
  }
  return pairs.filter((pair) => shares(pair, changes)).map(breachOf);
}

type Pair = readonly [SandboxCall, SandboxCall];
interface Change {
  at: number;
  windowMs: number;
}

/** What each player was sent, by one after the other. */
function pairsOf(calls: readonly SandboxCall[]): Pair[] {
  const last = new Map<string, SandboxCall>();
  const pairs: Pair[] = [];
  for (const call of calls) {
    const before = last.get(call.recipient);
    if (before && idOf(before) !== idOf(call)) pairs.push([before, call]);
    last.set(call.recipient, call);
  }
  return pairs;
}

function shares([first, second]: Pair, changes: readonly Change[]): boolean {
  const inForce = (at: number) => changes.findLast((change) => change.at <= at)?.windowMs;
  return [inForce(first.at), inForce(second.at)].some(
    (windowMs) =>
      windowMs !== undefined && Math.floor(first.at / windowMs) === Math.floor(second.at / windowMs),
  );
}

function breachOf(calls: Pair): Breach {
  const [first, second] = calls;
  const id = idOf(second) ?? second.content;
  const what = `accepted for ${second.recipient} ${second.at - first.at} ms after ${idOf(first)}`;
  return { kind: 'second_message', channel: channelNameOf(id), id, what, calls };
}
