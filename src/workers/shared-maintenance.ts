import { setTimeout as pause } from 'node:timers/promises';
import type { TakenSample } from '../channels/sampler.ts';
import { readVersion } from '../observe/build-info.ts';
import type { ChannelStore } from '../redis/channel-store.ts';

/**
 * Maintenance that one worker of a channel does for all of them: otherwise each of fifty idle workers would read the same
 * counts and sweep the same sets. The first worker after the last result has expired does it; two at a time are harmless.
 */
export interface SharedMaintenance {
  /** Returns a sample that another worker took within the last four seconds, or takes one. */
  sample(take: () => Promise<TakenSample>): Promise<TakenSample>;
  /** Whether it is this worker's turn to sweep; the next turn is after twelve seconds. */
  sweepTurn(): Promise<boolean>;
}

/** Shorter than the sampling interval of a worker (5 s), so that a single worker always takes its own sample. */
const SAMPLE_FRESH_MS = 4_000;
/** How long the others wait while one worker takes the sample: workers started together sample at the same instants. */
const TURN_MS = 1_000;
const POLL_MS = 50;
/** Shorter than the sweep interval of a worker (15 s). */
const SWEEP_EVERY_MS = 12_000;

export function createSharedMaintenance({ redis, keys }: ChannelStore): SharedMaintenance {
  // Samples of another version may have other fields.
  const sampleKey = keys.sample(readVersion());
  const turnKey = keys.sampleTurn(readVersion());
  // A store that is out of memory refuses the lock: then every worker samples.
  const takesTurn = async (): Promise<boolean> =>
    (await redis.set(turnKey, '1', 'PX', TURN_MS, 'NX').catch(() => 'OK')) === 'OK';
  return {
    async sample(take) {
      for (let waitedMs = 0; ; waitedMs += POLL_MS) {
        const shared = await redis.get(sampleKey);
        if (shared !== null) return JSON.parse(shared) as TakenSample;
        if (waitedMs >= TURN_MS || (await takesTurn())) break;
        await pause(POLL_MS, undefined, { ref: false });
      }
      const sample = await take();
      // A store that is out of memory cannot share the sample; it is still returned.
      await redis.set(sampleKey, JSON.stringify(sample), 'PX', SAMPLE_FRESH_MS).catch(() => {});
      return sample;
    },
    async sweepTurn() {
      return (await redis.set(keys.sweeping, '1', 'PX', SWEEP_EVERY_MS, 'NX')) === 'OK';
    },
  };
}
