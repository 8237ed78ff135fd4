import type { Redis } from 'ioredis';
import { loadScript } from './script.ts';

const accountScript = loadScript('account.lua');

/** A channel counts as served for this long after a worker of it last renewed the claim, which workers do every 15 s. */
export const ACCOUNT_LEASE_MS = 45_000;

/** An account on a platform, and the channel that speaks for it. Its key belongs to the directory, not to a channel. */
export interface Account {
  /** `herald:{herald:channels}:account:<hash>` */
  key: string;
  channel: string;
}

export interface AccountHolder {
  channel: string;
  /** If it is another channel: for how long it still counts as served by a worker, milliseconds. */
  servedMs: number;
}

/**
 * Takes an account that is free, or renews the claim of one that belongs to the channel.
 * @param from a channel that was retired, from which the account may be taken
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

/** Call when a worker ends: another channel need not wait for its claim to expire. Other workers of the channel renew it. */
export async function releaseAccount(redis: Redis, { key, channel }: Account): Promise<void> {
  await accountScript.run(redis, [key], [JSON.stringify({ op: 'release', channel })]);
}
