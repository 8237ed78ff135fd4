import type { ChannelSample } from './sample.ts';

/**
 * The gauges of channels, for as long as they are true: those that were not sampled anew go away, also where the sample hangs on a
 * Redis that is away. No figure is better than an old one, which looks calm.
 */
export interface FreshGauges {
  sample(sample: ChannelSample): void;
  /** Removes the gauges of a channel at once. */
  unsample(channel: string): void;
  /** Removes all of them: the process samples no more. */
  clear(): void;
}

/** Three samples may be missing. */
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
