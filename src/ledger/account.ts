import type { Redis } from 'ioredis';
import { loadScript } from './script.ts';

const accountScript = loadScript('account.lua');

/** A channel counts as served for this long after its worker last said so; workers say so every 15 s. */
export const ACCOUNT_LEASE_MS = 45_000;

/** An account on a platform, and the channel that speaks for it; the account's key is of the directory, not of a channel. */
export interface Account {
  /** `herald:{herald:channels}:account:<hash>` */
  key: string;
  channel: string;
}

export interface AccountHolder {
  channel: string;
  /** For how long it still counts as served by a worker, where it is another channel. Milliseconds. */
  servedMs: number;
}

/**
 * Takes a free account, and renews the lease of one that belongs to the channel.
 * @param from the channel that it may be taken from, once that was retired
 * @returns the channel that has it now
 */
export async function claimAccount(
  redis: Redis,
  { key, channel }: Account,
  from?: string,
): Promise<AccountHolder> {
  const request = JSON.stringify({ op: 'claim', channel, from, lease: ACCOUNT_LEASE_MS });
  const [holder, servedMs] = (await accountScript.run(redis, [key], [request])) as [string, number];
  return { channel: holder, servedMs };
}

/** Only reads the owner; null for a free account. */
export const holderOf = (redis: Redis, { key }: Account): Promise<string | null> =>
  redis.hget(key, 'channel');

/** Ends the lease, since a worker of the channel ends: another channel need not wait for it. */
export async function releaseAccount(redis: Redis, { key, channel }: Account): Promise<void> {
  await accountScript.run(redis, [key], [JSON.stringify({ op: 'release', channel })]);
}
