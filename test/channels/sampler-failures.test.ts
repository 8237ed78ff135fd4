import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { sampleChannel } from '../../src/channels/sampler.ts';
import type { ChannelQueue } from '../../src/jobs/channel-queue.ts';
import type { ChannelStore } from '../../src/redis/channel-store.ts';
import { channelKeys } from '../../src/redis/keys.ts';

/** The answer of sample.lua of a channel with nothing but a job that does not say since when it is due. */
const NO_HOLDS = [null, null, null, null];
const NO_FIGURES = [[], [], [0, 0], [0, 0], [0, 0, 0, 0, 0], [], [0, 0, null]];
const STATE = ['2000', ...NO_HOLDS, ...NO_FIGURES, [['a-foreign-job', '1000', 0]]];

it('rejects where one of its commands fails, while others are still under way', async () => {
  const store = {
    channel: 'kongregate',
    keys: channelKeys('kongregate'),
    redis: { zcount: () => Promise.reject(new Error('NOPERM')) },
    run: async () => STATE,
  } as unknown as ChannelStore;
  const queue = {
    counts: async () => ({}),
    longestActive: async () => undefined,
    // Longer than an unhandled rejection takes to end the process.
    read: async () => await turn([undefined]),
  } as unknown as ChannelQueue;
  const clock = { now: () => 2000, monotonic: () => 0 };
  await expect(sampleChannel([{ store, queue }], clock)).rejects.toThrow('NOPERM');
});
