import { Cluster } from 'ioredis';
import { expect, it } from 'vitest';
import { createLogger } from '../../src/observe/log.ts';
import { createMetrics } from '../../src/observe/metrics.ts';
import { channelKeys, webhookKey } from '../../src/redis/keys.ts';
import { createWebhooks } from '../../src/webhooks/webhooks.ts';
import { eventually } from '../../testing/eventually.ts';
import { startCluster } from '../../testing/own-cluster.ts';
import { startReceiver, WEBHOOK_SECRET } from './receiver.ts';

it('posts the receipts of all nodes, while its own record moves and its master is killed', async () => {
  const cluster = await startCluster();
  const receiver = await startReceiver();
  const client = new Cluster([...cluster.urls]);
  const channels = ['kongregate', 'forum', 'staff'];
  const metrics = createMetrics({ version: '1.0.0', defaults: false });
  const lines: string[] = [];
  const webhooks = createWebhooks({
    redis: { cluster: [...cluster.urls] },
    webhooks: [
      {
        ...{ name: 'crm', url: receiver.url, secrets: [WEBHOOK_SECRET], channels, concurrency: 4 },
        ...{ states: ['delivered', 'suppressed', 'dead'], timeoutMs: 5_000, privateAddresses: true },
      },
    ],
    logger: createLogger({ level: 'info', destination: { write: (line: string) => void lines.push(line) } }),
    metrics: metrics.webhooks,
    version: '1.0.0',
    random: () => 0,
    everyMs: 200,
  });
  let written = 0;
  const write = async () => {
    for (const channel of channels) {
      written += 1;
      const fields = {
        v: 1,
        id: `m-${written}`,
        run: 1,
        state: 'dead',
        reason: 'stalled',
        at: written,
        attempts: 1,
      };
      const flat = Object.entries(fields).flatMap(([name, value]) => [name, String(value)]);
      await client.xadd(channelKeys(channel).receipts, '*', ...flat);
    }
  };
  const told = () => new Set(receiver.posted.map(({ body }) => body.data['id'])).size;
  try {
    await webhooks.start();
    await eventually('the endpoint to be served', () => lines.join('').includes('posting receipts'));
    await write();
    await eventually('one of each channel', () => told() === written);
    const key = webhookKey('crm');
    const from = await cluster.masterOf(key);
    const to = (await cluster.masters()).find((each) => each !== from)!;
    await cluster.moveSlot(key, to);
    await write();
    await eventually('one more of each', () => told() === written);
    const master = await cluster.masterOf(key);
    await master.kill();
    await cluster.failedOver(key, master);
    await write();
    await eventually('another one of each', () => told() === written);
    await webhooks.close(2_000);
    const position = JSON.parse((await client.hget(key, 'at:kongregate')) ?? '{}');
    expect(position).toMatchObject({ after: expect.stringMatching(/^kongregate=/), ahead: [] });
  } finally {
    await webhooks.close(500);
    client.disconnect();
    await receiver.close();
    await cluster.close();
  }
});
