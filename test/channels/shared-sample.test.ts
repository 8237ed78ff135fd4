import { expect } from 'vitest';
import { shareSample } from '../../src/channels/shared-sample.ts';
import { channelStore } from '../../src/redis/channel-store.ts';
import { elapse, eventually } from '../../testing/eventually.ts';
import { metric } from '../../testing/metrics-parser.ts';
import { CHANNEL, it } from '../support/environment.ts';

it('lets idle workers share what they read of Redis', async ({ openEnvironment }) => {
  const env = await openEnvironment();
  const workers = await Promise.all(Array.from({ length: 8 }, () => env.worker()));
  await env.send(1, { sendAt: new Date(Date.now() + 3_600_000).toISOString() });
  for (const worker of workers) {
    const scheduled = async () =>
      metric(await worker.metrics(), 'herald_queue_messages', { state: 'scheduled' });
    await eventually('each to tell the same', scheduled, (count) => count === 1, { withinMs: 15_000 });
  }
  const cards = async () =>
    Number(/cmdstat_zcard:calls=(\d+)/.exec(await env.redis.info('commandstats'))?.[1] ?? 0);
  const before = await cards();
  await elapse(10_000);
  // Eight that look for themselves would ask some hundred and thirty times.
  expect((await cards()) - before).toBeLessThan(60);
});

it('takes the sample anew when it is old, also where it cannot be shared', async ({ openEnvironment }) => {
  const env = await openEnvironment();
  const store = channelStore(env.redis, CHANNEL);
  let taken = 0;
  const take = async () => ({ taken: ++taken }) as never;
  expect(await shareSample(store, take)).toEqual({ taken: 1 });
  expect(await shareSample(store, take)).toEqual({ taken: 1 });
  await eventually(
    'the next',
    () => shareSample(store, take),
    (sample) => (sample as unknown as { taken: number }).taken === 2,
  );
  await env.redis.flushall();
  await env.redis.config('SET', 'maxmemory', '1');
  expect(await shareSample(store, take)).toEqual({ taken: 3 });
  expect(await shareSample(store, take)).toEqual({ taken: 4 });
});

it('takes one sample for all that look at the same instant', async ({ openEnvironment }) => {
  const env = await openEnvironment();
  let taken = 0;
  const take = async () => ({ taken: ++taken }) as never;
  const all = Array.from({ length: 50 }, () => shareSample(channelStore(env.redis, CHANNEL), take));
  expect(await Promise.all(all)).toEqual(Array.from({ length: 50 }, () => ({ taken: 1 })));
});
