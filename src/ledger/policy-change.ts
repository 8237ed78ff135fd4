import type { Redis } from 'ioredis';
import type { QuotaConfig } from '../config/schema.ts';
import { loadScript } from './script.ts';

const adoptScript = loadScript('adopt.lua');

/** The quota policy of a channel was changed while slots of the old one are held. */
export class QuotaChangedError extends Error {
  override readonly name = 'QuotaChangedError';
  constructor(channel: string, was: string, until: Date) {
    super(
      `channels.${channel}.quota: was changed while windows of the old policy ${was} are open until ` +
        `${until.toISOString()}: players could get a second message. Put it back, or start after that`,
    );
  }
}

/** @throws QuotaChangedError */
export async function adoptQuota(
  redis: Redis,
  base: string,
  channel: string,
  quota: QuotaConfig | null,
): Promise<void> {
  const policy = JSON.stringify(quota && [quota.max, quota.per, quota.timeZone, quota.boundary]);
  const reply = (await adoptScript.run(redis, [base], [policy])) as [number, string?, string?];
  if (reply[0] === 0) throw new QuotaChangedError(channel, reply[2] ?? '', new Date(Number(reply[1])));
}
