import type { ChannelStore } from '../redis/channel-store.ts';
import { loadScript } from './script.ts';

const adoptScript = loadScript('adopt.lua');

/** What the store holds of a channel's policy: what its slots mean, as text. */
export interface PolicyInForce {
  /** Undefined where there is none. */
  text: string | undefined;
  /** When the last window that it opened ends or ended, 0 for never; milliseconds. */
  openUntil: number;
  /** The store's time. */
  now: number;
  /** Whether there is neither a job nor a dead letter. */
  drained: boolean;
}

async function request(store: ChannelStore, op: object): Promise<unknown> {
  return await store.run(adoptScript, [JSON.stringify(op)]);
}

export async function inspectPolicy(store: ChannelStore): Promise<PolicyInForce> {
  const reply = await request(store, { op: 'look' });
  const [text, openUntil, now, drained] = reply as [string | null, string, string, 0 | 1];
  return {
    text: text ?? undefined,
    openUntil: Number(openUntil),
    now: Number(now),
    drained: drained === 1,
  };
}

/** Only which it is, null where there is none: one command. */
export const policyInForce = (store: ChannelStore): Promise<string | null> =>
  store.redis.get(store.keys.policy);

export interface Adoption {
  policy: string;
  /** What is in force and was judged. */
  seen: PolicyInForce;
  platformDayMs: number;
  /** What was sent lately is not in this ledger: it was lost, or sent under another name. */
  unknown: boolean;
}

/**
 * Puts a policy in force for all workers of the channel.
 * @returns false if what is in force has changed since it was seen
 */
export async function adoptPolicy(
  store: ChannelStore,
  { policy, seen, platformDayMs, unknown }: Adoption,
): Promise<boolean> {
  const expected = { expected: seen.text, openUntil: seen.openUntil };
  return (
    (await request(store, {
      op: 'adopt',
      policy,
      ...expected,
      platformDay: platformDayMs,
      unknown,
    })) === 1
  );
}

/**
 * Ends a channel whose account goes to another one: its workers are granted nothing any more.
 * @returns false if it granted something since it was seen
 */
export async function retireChannel(
  store: ChannelStore,
  to: string,
  { openUntil }: PolicyInForce,
): Promise<boolean> {
  return (await request(store, { op: 'retire', to, openUntil })) === 1;
}

/**
 * Ends a store whose channel has its messages in others from now on, for workers and producers.
 * @param shards how many the channel has now
 * @returns false if it has changed since it was seen, or something is in it
 */
export async function leaveStore(
  store: ChannelStore,
  shards: number,
  { text, openUntil }: PolicyInForce,
): Promise<boolean> {
  const to = `${shards} shard${shards === 1 ? '' : 's'}`;
  return (await request(store, { op: 'leave', to, expected: text, openUntil })) === 1;
}
