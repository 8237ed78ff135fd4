import type { ChannelStore } from '../redis/channel-store.ts';
import { loadScript } from './script.ts';

const adoptScript = loadScript('adopt.lua');

/** The policy in force of a channel, as its store has it. */
export interface PolicyInForce {
  /** What slots mean (`policyText`); undefined if no policy is in force yet. */
  text: string | undefined;
  /** When the last window that it opened ends or ended, 0 for never; milliseconds. */
  openUntil: number;
  /** The store's time. */
  now: number;
  /** Whether there is neither a job nor a dead letter. */
  drained: boolean;
  /** Since when it is in force, by the store's clock, and later than any policy before; 0 where an earlier version put it in force. */
  since: number;
}

async function request(store: ChannelStore, op: object): Promise<unknown> {
  return await store.run(adoptScript, [JSON.stringify(op)]);
}

export async function inspectPolicy(store: ChannelStore): Promise<PolicyInForce> {
  const reply = await request(store, { op: 'look' });
  const [text, openUntil, now, drained, since] = reply as [string | null, string, string, 0 | 1, string];
  return {
    text: text ?? undefined,
    openUntil: Number(openUntil),
    now: Number(now),
    drained: drained === 1,
    since: Number(since),
  };
}

/** The text alone, by one command; null if no policy is in force yet. */
export const policyInForce = (store: ChannelStore): Promise<string | null> =>
  store.redis.get(store.keys.policy);

export interface Adoption {
  policy: string;
  /** The policy in force as it was when the change was judged. */
  seen: PolicyInForce;
  platformDayMs: number;
  /** Recent sends may be missing from this ledger: they were lost, or made under another channel's name. */
  unknown: boolean;
}

/**
 * Puts a policy in force for all workers of the channel.
 * @returns since when it is in force; undefined if what was in force has changed since it was seen
 */
export async function adoptPolicy(
  store: ChannelStore,
  { policy, seen, platformDayMs, unknown }: Adoption,
): Promise<number | undefined> {
  const expected = { expected: seen.text, openUntil: seen.openUntil };
  const since = await request(store, {
    op: 'adopt',
    policy,
    ...expected,
    platformDay: platformDayMs,
    unknown,
  });
  return since === 0 ? undefined : Number(since);
}

/**
 * Ends a channel whose account goes to another channel: its workers are granted nothing any more.
 * @returns false, and nothing is changed, if something was granted since it was seen
 */
export async function retireChannel(
  store: ChannelStore,
  to: string,
  { openUntil }: PolicyInForce,
): Promise<boolean> {
  return (await request(store, { op: 'retire', to, openUntil })) !== 0;
}

/**
 * Ends a store, for workers and producers: from now on its channel has its messages in other stores.
 * @param shards how many the channel has now
 * @returns false, and nothing is changed, if the store has changed since it was seen, or something is in it
 */
export async function leaveStore(
  store: ChannelStore,
  shards: number,
  { text, openUntil }: PolicyInForce,
): Promise<boolean> {
  const to = `${shards} shard${shards === 1 ? '' : 's'}`;
  return (await request(store, { op: 'leave', to, expected: text, openUntil })) !== 0;
}
