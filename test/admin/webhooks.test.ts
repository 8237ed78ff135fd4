import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { createAdmin } from '../../src/app.ts';
import { announceChannels } from '../../src/channels/registry.ts';
import { EXIT } from '../../src/cli/context.ts';
import type { WebhookConfig } from '../../src/config/webhooks.ts';
import { createLogger } from '../../src/observe/log.ts';
import { createMetrics } from '../../src/observe/metrics.ts';
import { channelKeys, WEBHOOKS_KEY, webhookKey } from '../../src/redis/keys.ts';
import { type RedisServer, startRedis } from '../../src/sandbox/redis-server.ts';
import type { Service } from '../../src/serve/services.ts';
import { createWebhooks } from '../../src/webhooks/webhooks.ts';
import { eventually } from '../../testing/eventually.ts';
import { herald } from '../cli/test-context.ts';
import { channelConfig } from '../config/channel-config.ts';
import { type Receiver, startReceiver, WEBHOOK_SECRET } from '../webhooks/receiver.ts';

let server: RedisServer;
let redis: Redis;
let receiver: Receiver;
let admin: ReturnType<typeof createAdmin>;
let running: Service[] = [];
beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  admin = createAdmin({ redis: server.url });
});
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((webhooks) => webhooks.close(0)));
  await receiver.close();
  await redis.flushall();
});
afterAll(async () => {
  await admin.close();
  redis.disconnect();
  await server.stop();
});

async function open(changed: Partial<WebhookConfig> = {}): Promise<Service> {
  const lines: string[] = [];
  const webhooks = createWebhooks({
    redis: server.url,
    webhooks: [
      {
        ...{ name: 'crm', url: receiver.url, secrets: [WEBHOOK_SECRET], channels: ['kongregate'] },
        states: ['delivered', 'suppressed', 'dead'],
        ...{ timeoutMs: 5_000, concurrency: 1, privateAddresses: true },
        ...changed,
      },
    ],
    logger: createLogger({ level: 'info', destination: { write: (line: string) => void lines.push(line) } }),
    metrics: createMetrics({ version: '1.0.0', defaults: false }).webhooks,
    ...{ version: '1.0.0', random: () => 0, everyMs: 100 },
  });
  running.push(webhooks);
  await webhooks.start();
  await eventually('the endpoint to be served', () => lines.join('').includes('posting receipts'));
  return webhooks;
}

async function close(webhooks: Service): Promise<void> {
  running = running.filter((each) => each !== webhooks);
  await webhooks.close(1_000);
}

async function write(count: number, state = 'delivered', store = 'kongregate'): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    const fields = { v: 1, id: `m${i}`, run: 1, state, reason: 'sent', at: Date.now() + i, attempts: 1 };
    const flat = Object.entries(fields).flatMap(([name, value]) => [name, String(value)]);
    await redis.xadd(channelKeys(store).receipts, '*', ...flat);
  }
}

const only = async () => (await admin.webhooks())[0];
const state = (wanted: string) =>
  eventually(`it to be ${wanted}`, only, (status) => status?.state === wanted);
const arrived = (count: number) => eventually(`${count} requests`, () => receiver.posted.length >= count);

it('is up to date when all is accepted, and when no receipt is for the endpoint', async () => {
  await open({ states: ['dead'] });
  await write(2, 'dead');
  await arrived(2);
  await write(3);
  const status = await eventually('its position', only, (seen) => seen?.behind.count === 0);
  expect(status).toEqual({
    ...{ endpoint: 'crm', state: 'up_to_date', channels: ['kongregate'], behind: { count: 0, exact: true } },
    ...{ since: null, restingUntil: null, gone: null, missed: null },
  });
});

it('is behind by what waits, since the oldest of it', async () => {
  receiver.answer = ({ body }, response) => {
    if (body.data['id'] === 'm0') response.writeHead(204).end();
  };
  await open();
  await write(1);
  await arrived(1);
  const before = Date.now();
  receiver.answer = () => {};
  await write(4);
  const status = await state('behind');
  expect(status).toMatchObject({ behind: { count: 4, exact: true } });
  expect(status!.since).toBeGreaterThanOrEqual(before);
  expect(status!.since).toBeLessThanOrEqual(Date.now());
});

it('is behind by what waits, without what it is not asked for', async () => {
  receiver.answer = () => {};
  await open({ states: ['dead'] });
  await write(1, 'dead');
  await write(5);
  const status = await eventually('its position', only, (seen) => seen?.behind.count === 1);
  expect(status).toMatchObject({ state: 'behind', behind: { count: 1, exact: true } });
});

it('rests for as long as the endpoint asks for', async () => {
  receiver.answer = (_, response) => void response.writeHead(503, { 'retry-after': '60' }).end();
  await open();
  await write(1);
  const { restingUntil, behind } = (await state('resting'))!;
  expect(restingUntil! - Date.now()).toBeGreaterThan(50_000);
  expect(restingUntil! - Date.now()).toBeLessThanOrEqual(60_000);
  expect(behind).toEqual({ count: 1, exact: true });
});

it('wants no more', async () => {
  receiver.answer = (_, response) => void response.writeHead(410).end();
  await open();
  await write(1);
  expect((await state('gone'))!.gone).toBeGreaterThan(Date.now() - 60_000);
});

it('is not served once its process ended, and misses what is cut off meanwhile and was before', async () => {
  const first = await open();
  await write(1);
  await arrived(1);
  await close(first);
  await write(5);
  await redis.xtrim(channelKeys('kongregate').receipts, 'MAXLEN', 3);
  expect(await only()).toMatchObject({
    state: 'unserved',
    behind: { count: 3, exact: true },
    missed: { count: 2, exact: true },
  });
  await open();
  await arrived(4);
  expect(await state('up_to_date')).toMatchObject({ missed: { count: 2, exact: true } });
});

it('is behind by what waits in the shards of before, when its channel has fewer', async () => {
  const announce = (shards: number) =>
    announceChannels(redis, [{ ...channelConfig({ name: 'kongregate' }), shards }]);
  await announce(4);
  const webhooks = await open();
  await write(1, 'delivered', 'kongregate/3');
  await arrived(1);
  await close(webhooks);
  await write(2, 'delivered', 'kongregate/3');
  await announce(2);
  expect(await only()).toMatchObject({ state: 'unserved', behind: { count: 2, exact: true } });
});

it('is told by the command, also as documents', async () => {
  await announceChannels(redis, [channelConfig({ name: 'kongregate' })]);
  const webhooks = await open();
  await write(1);
  await arrived(1);
  await close(webhooks);
  await write(5);
  await redis.xtrim(channelKeys('kongregate').receipts, 'MAXLEN', 3);
  const run = async (...more: string[]) => {
    const { exitCode, stdout } = await herald(['status', ...more], { env: { REDIS_URL: server.url } });
    expect(exitCode).toBe(EXIT.done);
    return stdout;
  };
  const text = await run();
  expect(text).toMatch(
    /^webhook crm is not served: .* `DEL \S+:webhook:crm`; 3 receipts wait, since \d{4}-.*Z$/m,
  );
  expect(text).toMatch(/^webhook crm misses 2 receipts that were cut off, last at \d{4}-.*Z$/m);
  const documents = (await run('--json'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(documents.at(-1)).toMatchObject({
    ...{ webhook: 'crm', state: 'unserved', channels: ['kongregate'], behind: { count: 3, exact: true } },
    ...{ resting_until: null, gone: null, missed: { count: 2, exact: true } },
  });
});

it.each([
  ['no JSON', '{'],
  ['no position', '{"after":"yesterday"}'],
  ['no list of what is over', '{"after":"1","ahead":7}'],
  ['no count of what was passed over', '{"after":"1","passed":"many"}'],
])('that has %s for a position is unreadable, and hides no other', async (_, stored) => {
  await announceChannels(redis, [channelConfig({ name: 'kongregate' })]);
  await open();
  await state('up_to_date');
  await redis.sadd(WEBHOOKS_KEY, 'broken');
  await redis.hset(webhookKey('broken'), 'at:kongregate', stored, 'at:forum', '{"after":"1"}');
  const [broken, crm] = await admin.webhooks();
  expect(broken).toMatchObject({
    endpoint: 'broken',
    state: 'unreadable',
    channels: ['kongregate', 'forum'],
  });
  expect(crm).toMatchObject({ endpoint: 'crm', state: 'up_to_date' });
  const { exitCode, stdout } = await herald(['status'], { env: { REDIS_URL: server.url } });
  expect(exitCode).toBe(EXIT.done);
  expect(stdout).toMatch(
    /^webhook broken has a position that cannot be read, .* `HDEL \S+:broken at:<channel>`/m,
  );
  expect(stdout).toMatch(/^webhook crm is up to date$/m);
});

it('is forgotten with its record', async () => {
  await open();
  await state('up_to_date');
  await Promise.all(running.splice(0).map((webhooks) => webhooks.close(0)));
  await redis.del(webhookKey('crm'));
  expect(await admin.webhooks()).toEqual([]);
  expect(await redis.smembers(WEBHOOKS_KEY)).toEqual([]);
});
