import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { webhookKey } from '../../src/redis/keys.ts';
import { eventually } from '../../testing/eventually.ts';
import { it } from '../support/environment.ts';
import { startReceiver, WEBHOOK_SECRET } from '../webhooks/receiver.ts';

const channels = [
  ['one store', {}],
  ['three shards', { shards: 3 }],
] as const;

for (const [over, channel] of channels)
  it(`a receiver whose worker is killed learns of every delivery of a channel over ${over}`, async ({
    openEnvironment,
  }) => {
    const receiver = await startReceiver();
    const crm = { url: receiver.url, secret: WEBHOOK_SECRET, privateAddresses: true, concurrency: 3 };
    const env = await openEnvironment({ channel, config: { webhooks: { crm } } });
    try {
      const first = env.spawn();
      const sent: string[] = [];
      for (let player = 1; player <= 30; player += 1)
        sent.push(await env.send(1000 + 10 * player + 1, { id: randomUUID() }));
      await eventually('some to be posted', () => receiver.posted.length >= 10);
      await first.kill();
      // As if its lease of half a minute had run out.
      await env.redis.hset(webhookKey('crm'), 'until', '0');
      await env.worker();
      const told = () => new Set(receiver.posted.map(({ body }) => String(body.data['id'])));
      await eventually('all to be posted', () => told().size === sent.length, Boolean, { withinMs: 60_000 });
      expect([...told()].sort()).toEqual(sent.toSorted());
      expect(new Set(receiver.posted.map(({ id }) => id)).size).toBe(sent.length);
      expect(receiver.posted.length - sent.length).toBeLessThanOrEqual(6);
    } finally {
      await env.close();
      await receiver.close();
    }
  });
