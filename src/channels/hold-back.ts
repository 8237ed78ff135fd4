import type { ChannelState } from '../ledger/channel-state.ts';
import type { ChannelSample } from '../observe/sample.ts';
import type { WaitCause } from '../outcome.ts';
import { AHEAD_MS } from '../policies/admission.ts';

/** What may hold back a whole channel. */
export interface ChannelHolds
  extends Pick<
    ChannelState,
    'stopped' | 'resting' | 'breaker' | 'probing' | 'rateAheadMs' | 'waits' | 'campaigns'
  > {
  queuePaused: boolean;
}

export interface Backlog {
  /** Messages that are due and that no worker has picked up. */
  due: number;
  /** Messages that workers have picked up. */
  inHand: number;
}

/**
 * How many messages a worker could send now, and what the others wait for: on their own, with their campaign, or with the channel.
 * Pure.
 */
export function holdBack(
  holds: ChannelHolds,
  { due, inHand }: Backlog,
): Pick<ChannelSample, 'ready' | 'waiting' | 'resting'> {
  const waiting: ChannelSample['waiting'] = {};
  for (const [cause, { count }] of Object.entries(holds.waits)) waiting[cause as WaitCause] = count;
  if (holds.campaigns.paused > 0) waiting.paused_campaign = holds.campaigns.paused;
  const hold = holdOf(holds, due);
  if (hold) waiting[hold.cause] = hold.count;
  else if (isUsedUp(holds)) waiting.own_rate = due + inHand;
  return { ready: due - (hold?.count ?? 0), waiting, resting: restOf(holds) };
}

interface Hold {
  cause: WaitCause;
  /** How many of the due messages it holds back. */
  count: number;
}

function holdOf(
  { stopped, queuePaused, resting, breaker, probing }: ChannelHolds,
  due: number,
): Hold | undefined {
  if (stopped || queuePaused) return { cause: 'stopped', count: due };
  if (resting?.reason === 'rate_limited') return { cause: 'platform_rate', count: due };
  if (breaker === 'open' || probing) return { cause: 'breaker', count: due };
  // One may be sent as the probe, and needs a worker.
  if (breaker === 'half_open') return { cause: 'breaker', count: Math.max(0, due - 1) };
  return undefined;
}

/** From here on admission refuses bulk messages (`ahead` in admit.lua), so workers wait for the rate. */
const isUsedUp = ({ rateAheadMs }: ChannelHolds): boolean => rateAheadMs > AHEAD_MS / 2;

/** While the breaker's probe is in flight, all others still rest. */
function restOf({ resting, probing }: ChannelHolds): ChannelSample['resting'] {
  if (resting) return { reason: resting.reason };
  return probing ? { reason: 'breaker_open' } : null;
}
