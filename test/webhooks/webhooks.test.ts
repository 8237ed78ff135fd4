import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { WebhookConfig } from '../../src/config/webhooks.ts';
import { createLogger } from '../../src/observe/log.ts';
import { createMetrics } from '../../src/observe/metrics.ts';
import { channelKeys, webhookKey } from '../../src/redis/keys.ts';
import { type RedisServer, startRedis } from '../../src/sandbox/redis-server.ts';
import type { Service } from '../../src/serve/services.ts';
import { signatureHeaders } from '../../src/webhooks/signature.ts';
import { createWebhooks } from '../../src/webhooks/webhooks.ts';
import { eventually } from '../../testing/eventually.ts';
import { metric } from '../../testing/metrics-parser.ts';
import { mostListeners } from '../support/most-listeners.ts';
import { type Posted, type Receiver, startReceiver, WEBHOOK_SECRET } from './receiver.ts';

let server: RedisServer;
let redis: Redis;
let receiver: Receiver;
let running: Service[] = [];
beforeAll(async () => {
  server = await startRedis({ appendonly: true });
  redis = new Redis(server.url);
  redis.on('error', () => {}); // The server is killed in one of the tests.
});
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(async () => {
  await Promise.all(running.map((webhooks) => webhooks.close(0)));
  running = [];
  await receiver.close();
  await redis.flushall();
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

/** Several share one endpoint, as several processes do. */
async function open(changed: Partial<WebhookConfig> = {}) {
  const lines: string[] = [];
  const metrics = createMetrics({ version: '1.0.0', defaults: false });
  const webhooks = createWebhooks({
    redis: server.url,
    webhooks: [
      {
        ...{ name: 'crm', url: receiver.url, secrets: [WEBHOOK_SECRET], channels: ['kongregate', 'forum'] },
        states: ['delivered', 'suppressed', 'dead'],
        ...{ timeoutMs: 5_000, concurrency: 4, privateAddresses: true },
        ...changed,
      },
    ],
    logger: createLogger({ level: 'info', destination: { write: (line: string) => void lines.push(line) } }),
    metrics: metrics.webhooks,
    version: '1.0.0',
    random: () => 0,
    everyMs: 200,
  });
  running.push(webhooks);
  await webhooks.start();
  const figure = async (name: string, labels: Record<string, string>) =>
    metric((await metrics.render()).text, name, { endpoint: 'crm', ...labels });
  return { webhooks, log: () => lines.join(''), figure };
}

/** Opened, and its position is in Redis: what is written from now on is posted. */
async function opened(changed: Partial<WebhookConfig> = {}) {
  const endpoint = await open(changed);
  await eventually('the endpoint to be served', () => endpoint.log().includes('posting receipts'));
  return endpoint;
}

async function write(ids: readonly string[], { channel = 'kongregate', state = 'delivered' } = {}) {
  const writes = redis.pipeline();
  for (const id of ids) {
    const fields = { v: 1, id, run: 1, state, reason: 'sent', at: 1_767_225_600_000, attempts: 1 };
    const flat = Object.entries(fields).flatMap(([name, value]) => [name, String(value)]);
    writes.xadd(channelKeys(channel).receipts, '*', ...flat);
  }
  await writes.exec();
}

const messages = (posted: readonly Posted[]): unknown[] => posted.map(({ body }) => body.data['id']);
const arrived = (count: number) => eventually(`${count} requests`, () => receiver.posted.length >= count);

it('posts each receipt once, signed, with what it says', async () => {
  const { figure } = await opened();
  await write(['a', 'b', 'c']);
  await write(['d'], { channel: 'forum', state: 'dead' });
  await arrived(4);
  expect(messages(receiver.posted).sort()).toEqual(['a', 'b', 'c', 'd']);
  const [first] = receiver.posted.filter(({ body }) => body.data['id'] === 'a');
  const { headers, body, text, id } = first!;
  expect(body).toEqual({
    type: 'receipt.delivered',
    timestamp: '2026-01-01T00:00:00.000Z',
    data: {
      ...{ channel: 'kongregate', id: 'a', run: 1, state: 'delivered', reason: 'sent' },
      ...{ at: '2026-01-01T00:00:00.000Z', attempts: 1 },
    },
  });
  const timestamp = Number(headers['webhook-timestamp']);
  expect(headers['webhook-signature']).toBe(
    signatureHeaders({ id, timestamp, body: text }, [WEBHOOK_SECRET]).at(-1),
  );
  await eventually(
    'them to be counted',
    async () => (await figure('herald_webhook_deliveries_total', { outcome: 'accepted' })) === 4,
  );
});

it('goes on behind a receipt whose instant a foreign writer left out', async () => {
  await opened();
  const fields = ['v', '1', 'id', 'foreign', 'run', '1', 'state', 'delivered', 'attempts', '1'];
  await redis.xadd(channelKeys('kongregate').receipts, '*', ...fields);
  await write(['a']);
  await arrived(2);
  expect(messages(receiver.posted).sort()).toEqual(['a', 'foreign']);
});

it('leaves out the states that it is not asked for', async () => {
  await opened({ states: ['dead'] });
  await write(['a']);
  await write(['b'], { state: 'dead' });
  await arrived(1);
  expect(messages(receiver.posted)).toEqual(['b']);
});

it('remembers no receipt that it is not asked for, however many come behind one that hangs', async () => {
  receiver.answer = ({ body }, response) => {
    if (body.data['id'] !== 'hangs') response.writeHead(204).end();
  };
  const { webhooks, figure } = await opened({ states: ['dead'] });
  const others = Array.from({ length: 5_000 }, (_, i) => `other-${i}`);
  await write(['hangs'], { state: 'dead' });
  await write(others);
  await write(['last'], { state: 'dead' });
  const accepted = () => figure('herald_webhook_deliveries_total', { outcome: 'accepted' });
  await eventually('the last', accepted, (count) => count === 1);
  await webhooks.close(0);
  const position = async () => JSON.parse((await redis.hget(webhookKey('crm'), 'at:kongregate'))!);
  const [last] = receiver.posted.filter(({ body }) => body.data['id'] === 'last');
  expect(await position()).toEqual({
    after: expect.stringMatching(/^\d+$/),
    ahead: [last!.id],
    passed: others.length,
    pending: 1,
  });

  receiver.answer = (_, response) => void response.writeHead(204).end();
  await opened({ states: ['dead'] });
  await write(['next'], { state: 'dead' });
  await arrived(4);
  await eventually('all to be over', position, ({ ahead, passed }) => ahead.length + passed === 0);
  expect(messages(receiver.posted).sort()).toEqual(['hangs', 'hangs', 'last', 'next']);
});

it('goes on where a process ended, and posts again only what was not accepted', async () => {
  const { webhooks } = await opened({ concurrency: 1 });
  receiver.answer = ({ body }, response) => {
    if (body.data['id'] !== 'b') response.writeHead(204).end();
  };
  await write(['a', 'b', 'c']);
  await arrived(2);
  await webhooks.close(0);
  receiver.answer = (_, response) => void response.writeHead(204).end();
  await opened();
  await arrived(4);
  expect(messages(receiver.posted)).toEqual(['a', 'b', 'b', 'c']);
  expect(receiver.posted[1]!.id).toBe(receiver.posted[2]!.id);
});

it('ends while Redis is away', async () => {
  const { webhooks } = await opened();
  await server.kill();
  try {
    await expect(webhooks.close(0)).resolves.toBeUndefined();
  } finally {
    await server.restart();
  }
});

it('is served by one process at a time, and by another once that one ends', async () => {
  const first = await opened();
  const second = await open();
  await write(['a', 'b']);
  await arrived(2);
  expect(second.log()).toBe('');
  await first.webhooks.close(1_000);
  await eventually('the second to take over', () => second.log().includes('posting receipts'));
  await write(['c']);
  await arrived(3);
  expect(messages(receiver.posted).sort()).toEqual(['a', 'b', 'c']);
});

it('posts nothing any more once another process has the lease, and goes on when it is free again', async () => {
  await opened({ concurrency: 1 });
  receiver.answer = () => {};
  await write(['a', 'b']);
  await arrived(1);
  const stolen = { owner: 'another', until: String(Date.now() + 60_000) };
  await redis.hset(webhookKey('crm'), stolen);
  await eventually('the request to be given up', () => receiver.open() === 0);
  expect(await redis.hget(webhookKey('crm'), 'owner')).toBe('another');
  receiver.answer = (_, response) => void response.writeHead(204).end();
  await redis.hset(webhookKey('crm'), 'until', '0');
  await arrived(3);
  expect(messages(receiver.posted)).toEqual(['a', 'a', 'b']);
});

it('goes on with others while one receipt fails, and remembers which', async () => {
  receiver.answer = ({ body }, response) =>
    void response.writeHead(body.data['id'] === 'bad' ? 503 : 204, { 'retry-after': '0' }).end();
  const { webhooks, figure } = await opened({ concurrency: 2 });
  await write(['bad', ...Array.from({ length: 20 }, (_, i) => `good-${i}`)]);
  const accepted = () => figure('herald_webhook_deliveries_total', { outcome: 'accepted' });
  await eventually('the others', accepted, (count) => count === 20);
  await webhooks.close(0);
  const { after, ahead } = JSON.parse((await redis.hget(webhookKey('crm'), 'at:kongregate'))!);
  expect([/^\d+$/.test(after), ahead.length]).toEqual([true, 20]);
});

it('leaves nothing behind on a request that is not answered, with each that is', async () => {
  receiver.answer = ({ body }, response) => {
    if (body.data['id'] !== 'hangs') response.writeHead(204).end();
  };
  const { figure } = await opened({ concurrency: 2 });
  const accepted = () => figure('herald_webhook_deliveries_total', { outcome: 'accepted' });
  const most = await mostListeners(async () => {
    await write(['hangs', ...Array.from({ length: 50 }, (_, i) => `good-${i}`)]);
    await eventually('the others', accepted, (count) => count === 50);
  });
  expect(most).toBeLessThan(10);
});

it('tries again what failed, and rests as the endpoint asks for', async () => {
  const instants: number[] = [];
  receiver.answer = (_, response) => {
    instants.push(performance.now());
    if (instants.length === 1) response.writeHead(503, { 'retry-after': '0.5' }).end();
    else response.writeHead(200).end('thanks');
  };
  const { figure } = await opened();
  await write(['a']);
  await arrived(2);
  expect(instants[1]! - instants[0]!).toBeGreaterThan(450);
  expect(messages(receiver.posted)).toEqual(['a', 'a']);
  expect(await figure('herald_webhook_deliveries_total', { outcome: 'failed' })).toBe(1);
});

it('follows no redirect', async () => {
  let asked = 0;
  receiver.answer = ({ headers }, response) => {
    asked += 1;
    response.writeHead(asked === 1 ? 307 : 204, { location: `http://${headers.host}/elsewhere` }).end();
  };
  await opened();
  await write(['a']);
  await arrived(2);
  expect(receiver.posted.map(({ headers }) => headers['content-type'])).toEqual([
    'application/json',
    'application/json',
  ]);
});

it('gives up a receipt that the endpoint refuses again and again, and no other', async () => {
  receiver.answer = ({ body }, response) =>
    void response.writeHead(body.data['id'] === 'bad' ? 422 : 204).end();
  const { log, figure } = await opened();
  await write(['bad', 'good']);
  await eventually('it to be given up', () => log().includes('given up'));
  expect(messages(receiver.posted).filter((id) => id === 'bad')).toHaveLength(12);
  expect(await figure('herald_webhook_losses_total', { reason: 'given_up' })).toBe(1);
  const position = () => redis.hget(webhookKey('crm'), 'at:kongregate');
  await eventually('both to be over', position, (text) => JSON.parse(text!).ahead.length === 0);
});

it('posts nothing any more to an endpoint that is gone, until a process starts', async () => {
  receiver.answer = (_, response) => void response.writeHead(410).end();
  const processes = [await opened({ concurrency: 1 }), await open({ concurrency: 1 })];
  await write(['a', 'b']);
  // On a busy machine the turn may have gone to the second one.
  await eventually('it to be gone', () => processes.some(({ log }) => log().includes('answered 410')));
  await eventually('this to be written', () => redis.hget(webhookKey('crm'), 'gone'));
  for (const { figure } of processes)
    await eventually('each to know', async () => (await figure('herald_webhook_gone', {})) === 1);
  expect(messages(receiver.posted)).toEqual(['a']);
  receiver.answer = (_, response) => void response.writeHead(204).end();
  await opened();
  await arrived(3);
  expect(messages(receiver.posted)).toEqual(['a', 'a', 'b']);
});

it('says that receipts were cut off before they were posted', async () => {
  const first = await opened();
  await write(['a']);
  await arrived(1);
  await first.webhooks.close(1_000);
  await write(['b', 'c', 'd']);
  await redis.xtrim(channelKeys('kongregate').receipts, 'MAXLEN', 1);
  const { log, figure } = await opened();
  await arrived(2);
  expect(messages(receiver.posted)).toEqual(['a', 'd']);
  const [cut] = log()
    .split('\n')
    .filter((line) => line.includes('receipts were cut off'));
  expect(JSON.parse(cut!)).toMatchObject({ channel: 'kongregate', missing: 2 });
  expect(await figure('herald_webhook_losses_total', { reason: 'cut_off' })).toBe(1);
  expect(await figure('herald_webhook_missing_receipts_total', {})).toBe(2);
  const record = async () => JSON.parse((await redis.hget(webhookKey('crm'), 'at:kongregate'))!).missed;
  expect(await eventually('the record', record)).toMatchObject({ count: 2, exact: true });
});

it('connects to no private address unless told to', async () => {
  const { figure } = await opened({
    privateAddresses: false,
    url: receiver.url.replace('127.0.0.1', 'localhost'),
  });
  await write(['a']);
  await eventually(
    'the attempt',
    async () => ((await figure('herald_webhook_deliveries_total', { outcome: 'failed' })) ?? 0) > 0,
  );
  expect(receiver.posted).toEqual([]);
});

it('shows the age of what is not accepted', async () => {
  receiver.answer = (_, response) => void response.writeHead(500).end();
  const { figure, webhooks } = await opened();
  expect(await figure('herald_webhook_lag_seconds', {})).toBe(0);
  await write(['a']);
  await arrived(1);
  await eventually('the lag', async () => ((await figure('herald_webhook_lag_seconds', {})) ?? 0) > 1);
  await webhooks.close(0);
  expect(await figure('herald_webhook_lag_seconds', {})).toBeUndefined();
});
