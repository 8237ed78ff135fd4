import { setTimeout as pause } from 'node:timers/promises';
import type { TakenSample } from '../channels/sampler.ts';
import { readVersion } from '../observe/build-info.ts';
import type { ChannelStore } from '../redis/channel-store.ts';

/**
 * What one worker of a channel does for all of them: with fifty that are idle, each would read the same figures of Redis
 * and sweep the same sets. Whoever comes first after the last result has expired does it; two at a time do no harm.
 */
export interface SharedMaintenance {
  /** A sample that another worker took within the last four seconds, or one that is taken now. */
  sample(take: () => Promise<TakenSample>): Promise<TakenSample>;
  /** Whether it is this worker's turn; the next one is open after twelve seconds. */
  sweepTurn(): Promise<boolean>;
}

/** Less than the time between two rounds of one worker (5 s), so that a lone worker always takes its own sample. */
const SAMPLE_FRESH_MS = 4_000;
/** Workers that were started together sample at the same instants: one takes the sample, and the others wait this long for it. */
const TURN_MS = 1_000;
const LOOK_EVERY_MS = 50;
/** Less than the time between two sweeps of one worker (15 s). */
const SWEEP_EVERY_MS = 12_000;

export function createSharedMaintenance({ redis, keys }: ChannelStore): SharedMaintenance {
  // Another version may know other figures.
  const sampleKey = keys.sample(readVersion());
  const turnKey = keys.sampleTurn(readVersion());
  // A full store gives the turn to no worker: then every worker samples.
  const takesTurn = async (): Promise<boolean> =>
    (await redis.set(turnKey, '1', 'PX', TURN_MS, 'NX').catch(() => 'OK')) === 'OK';
  return {
    async sample(take) {
      for (let waitedMs = 0; ; waitedMs += LOOK_EVERY_MS) {
        const shared = await redis.get(sampleKey);
        if (shared !== null) return JSON.parse(shared) as TakenSample;
        if (waitedMs >= TURN_MS || (await takesTurn())) break;
        await pause(LOOK_EVERY_MS, undefined, { ref: false });
      }
      const sample = await take();
      // A store that is full still is looked at.
      await redis.set(sampleKey, JSON.stringify(sample), 'PX', SAMPLE_FRESH_MS).catch(() => {});
      return sample;
    },
    async sweepTurn() {
      return (await redis.set(keys.sweeping, '1', 'PX', SWEEP_EVERY_MS, 'NX')) === 'OK';
    },
  };
}
