import type { ChannelStore } from '../redis/channel-store.ts';
import { loadScript } from './script.ts';

/**
 * Claims say which message on the platform is which of ours, where only the text could show it: two messages of the same text to the
 * same person must not both take one message there for their proof of delivery. Deliveries make their claim at settlement.
 */
export interface Claims {
  /**
   * @param message the key of our message in doubt
   * @param ids the messages on the platform that may be it, the likeliest first
   * @returns the one that our message has claimed, now or before; undefined if others have claimed them all
   */
  claim(message: string, ids: readonly string[]): Promise<string | undefined>;
}

const claimScript = loadScript('claim.lua');

/** @param ttlMs how long a claim is remembered, the same as at settlement */
export function createClaims(store: ChannelStore, ttlMs: number): Claims {
  return {
    async claim(message, ids) {
      const request = JSON.stringify({ m: message, ids, ttl: ttlMs });
      return ((await store.run(claimScript, [request])) as string | null) ?? undefined;
    },
  };
}
