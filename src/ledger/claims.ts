import type { ChannelStore } from '../redis/channel-store.ts';
import { loadScript } from './script.ts';

/**
 * Which message on the platform belongs to which of ours, where only its text could show it: two messages of one text to
 * one person must not take the same one for proof of their delivery. Deliveries claim theirs at settlement.
 */
export interface Claims {
  /**
   * @param message the key of ours that is in doubt
   * @param ids messages on the platform that may be it, the likeliest first
   * @returns the one that is now, or was before, its own; undefined where others have claimed them all
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
