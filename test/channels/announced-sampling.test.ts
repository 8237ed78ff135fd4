import { expect } from 'vitest';
import { createProducer } from '../../src/app.ts';
import { CHANNELS_KEY } from '../../src/redis/keys.ts';
import { eventually } from '../../testing/eventually.ts';
import { metric } from '../../testing/metrics-parser.ts';
import { CHANNEL, it } from '../support/environment.ts';

it('shows what waits in a channel that no worker serves, until it is forgotten', async ({
  openEnvironment,
}) => {
  const env = await openEnvironment();
  const worker = await env.worker();
  const facts = await env.redis.hget(CHANNELS_KEY, CHANNEL);
  await env.redis.hset(CHANNELS_KEY, { second: facts ?? '', broken: '{' });
  const producer = createProducer({ redis: env.server.url });
  const to = (userId: number) => ({ platform: 'kongregate' as const, to: { userId }, content: 'Hello' });
  for (const userId of [1, 2]) await producer.send({ ...to(userId), channel: 'second' });
  await producer.sendMany([3, 4, 5].map((userId) => ({ ...to(userId), channel: 'second' })));
  const spring = { id: 'spring', platform: 'kongregate', channel: 'second', content: 'Hello' } as const;
  await producer.campaign(spring, [{ to: { userId: 6 } }, { to: { userId: 7 } }]);
  await producer.close();
  const figure = async (name: string, channel: string, labels = {}) =>
    metric(await worker.metrics(), name, { channel, ...labels });
  const second = async () => [
    await figure('herald_queue_messages', 'second', { state: 'ready' }),
    await figure('herald_enqueued_total', 'second'),
    await figure('herald_channel_workers', 'second'),
    await figure('herald_channel_workers', CHANNEL),
  ];
  await eventually(
    'both channels to be shown by the worker of one',
    second,
    (seen) => String(seen) === '7,7,0,1',
    { withinMs: 15_000 },
  );
  const sampledAt = Number(await figure('herald_sample_timestamp_seconds', 'second'));
  expect(Math.abs(Date.now() / 1000 - sampledAt)).toBeLessThan(60);
  await env.redis.hdel(CHANNELS_KEY, 'second');
  await eventually(
    'the forgotten channel to be shown no more',
    async () => !(await worker.metrics()).includes('"second"'),
    Boolean,
    { withinMs: 15_000 },
  );
});
