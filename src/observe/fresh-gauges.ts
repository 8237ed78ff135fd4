import type { ChannelSample } from './sample.ts';

/**
 * Removes the gauges of a channel that has not been sampled for a while, for example because Redis is away. No figure is better than
 * a stale one, which looks calm.
 */
export interface FreshGauges {
  sample(sample: ChannelSample): void;
  /** Removes the gauges of a channel at once. */
  unsample(channel: string): void;
  /** Removes all of them, when the process stops sampling. */
  clear(): void;
}

/** Three samples in a row may be missed. */
const FRESH_MS = 15_000;

/** @param metrics `unsample` removes the gauges of a channel */
export function createFreshGauges(metrics: {
  sample(sample: ChannelSample): void;
  unsample(channel: string): void;
}): FreshGauges {
  const expiries = new Map<string, NodeJS.Timeout>();

  function unsample(channel: string): void {
    clearTimeout(expiries.get(channel));
    if (expiries.delete(channel)) metrics.unsample(channel);
  }

  return {
    sample(sample) {
      const { channel } = sample;
      clearTimeout(expiries.get(channel));
      expiries.set(channel, setTimeout(() => unsample(channel), FRESH_MS).unref());
      metrics.sample(sample);
    },
    unsample,
    clear() {
      for (const channel of [...expiries.keys()]) unsample(channel);
    },
  };
}
