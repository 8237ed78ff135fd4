import { setTimeout as pause } from 'node:timers/promises';
import { readVersion } from '../observe/build-info.ts';
import type { ChannelStore } from '../redis/channel-store.ts';
import type { TakenSample } from './sampler.ts';

/** How often a process that shows gauges reads a channel. */
export const SAMPLE_MS = 5_000;
/** Shorter than that, so that a single worker always takes its own sample. */
const SAMPLE_FRESH_MS = 4_000;
/** How long the others wait while one takes the sample: workers started together sample at the same instants. */
const TURN_MS = 1_000;
const POLL_MS = 50;

/**
 * One process of each version samples a channel for all of them: otherwise each of fifty idle workers would read the same counts. The
 * first one to look after the last sample expired takes the next; two at a time are harmless.
 * @returns a sample that another took within the last four seconds, or the one that `take` takes
 */
export async function shareSample(
  { redis, keys }: ChannelStore,
  take: () => Promise<TakenSample>,
): Promise<TakenSample> {
  // Samples of another version may have other fields.
  const sampleKey = keys.sample(readVersion());
  const turnKey = keys.sampleTurn(readVersion());
  // A store that is out of memory refuses the lock: then everybody samples.
  const takesTurn = async (): Promise<boolean> =>
    (await redis.set(turnKey, '1', 'PX', TURN_MS, 'NX').catch(() => 'OK')) === 'OK';
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
}
