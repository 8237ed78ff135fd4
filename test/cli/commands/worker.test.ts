import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { request } from 'undici';
import { expect, it, onTestFinished } from 'vitest';
import { createProducer } from '../../../src/app.ts';
import { EXIT } from '../../../src/cli/context.ts';
import { freePort } from '../../../src/sandbox/free-port.ts';
import { type RedisOptions, startRedis, startSandbox } from '../../../src/sandbox/index.ts';
import { secretsOf } from '../../../src/secrets.ts';
import { eventually } from '../../../testing/eventually.ts';
import { type CommandProcess, SHIPPED, startCommand } from '../command-process.ts';
import { herald } from '../test-context.ts';

async function ownRedis(options: RedisOptions = {}) {
  const redis = await startRedis(options);
  onTestFinished(() => redis.stop());
  return redis;
}

async function ownSandbox() {
  const sandbox = await startSandbox();
  onTestFinished(() => sandbox.close());
  return sandbox;
}

interface Settings {
  redis: string;
  baseUrl?: string;
  port?: number;
  quota?: string;
  drainTimeout?: string;
}

/** Writes a configuration of one channel and answers with its path. */
async function configFile({ redis, baseUrl = 'http://127.0.0.1:1', port = 0, ...other }: Settings) {
  const dir = await mkdtemp(join(tmpdir(), 'herald-worker-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const channel = {
    platform: 'kongregate',
    apiKey: 'sandbox-key',
    baseUrl,
    quota: { per: other.quota ?? '366d' },
  };
  const drainTimeout = other.drainTimeout ?? '5s';
  const path = join(dir, 'herald.yaml');
  await writeFile(
    path,
    JSON.stringify({ redis, http: { port }, drainTimeout, channels: { kongregate: channel } }),
  );
  return path;
}

type Line = Record<string, unknown>;

const logOf = (worker: CommandProcess): Line[] =>
  worker
    .stdout()
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line) as Line);

const logged = (worker: CommandProcess, message: string) =>
  eventually(
    `the log line "${message}" (stderr: ${worker.stderr()})`,
    () => logOf(worker).find(({ msg }) => msg === message),
    Boolean,
  ) as Promise<Line>;

async function producerFor(redis: string) {
  const producer = createProducer({ redis, channels: ['kongregate'] });
  onTestFinished(() => producer.close());
  return (userId: number) =>
    producer.send({ platform: 'kongregate', to: { userId }, content: 'confidential words' });
}

it('delivers, serves metrics, logs in JSON without secrets, and drains at SIGTERM', async () => {
  const redis = await ownRedis();
  const admin = new Redis(redis.url);
  await admin.config('SET', 'requirepass', 'pass/word');
  admin.disconnect();
  const url = redis.url.replace('//', '//:pass%2Fword@');
  const sandbox = await ownSandbox();
  const config = await configFile({ redis: url, baseUrl: `${sandbox.url}/kongregate/api` });
  const worker = startCommand(['worker', '--config', config], {}, SHIPPED);
  const { url: http, channels } = await logged(worker, 'worker started');
  expect(channels).toEqual(['kongregate']);
  await (await producerFor(url))(31);
  expect(await logged(worker, 'attempt')).toMatchObject({ outcome: 'delivered', reason: 'sent', attempt: 1 });
  // The attempt is told before its settlement, and the final state after it.
  await eventually(
    'the final state in the metrics',
    async () => (await request(`${http}/metrics`)).body.text(),
    (metrics) => /herald_messages_total\{.*state="delivered",reason="sent"\} 1/.test(metrics),
  );
  worker.signal('SIGTERM');
  expect(await worker.ended()).toBe(EXIT.done);
  expect(logOf(worker).at(-1)).toMatchObject({ msg: 'worker stopped', abandoned: 0 });
  expect(worker.stderr()).toBe('');
  expect(worker.stdout()).not.toMatch(/sandbox-key|pass\/word|pass%2Fword|confidential/);
});

it('waits for a Redis that is away, alive and not ready, and delivers when it comes', async () => {
  const [port, redisPort] = [await freePort(), await freePort()];
  const sandbox = await ownSandbox();
  const url = `redis://127.0.0.1:${redisPort}`;
  const worker = startCommand([
    'worker',
    '--config',
    await configFile({ redis: url, port, baseUrl: `${sandbox.url}/kongregate/api` }),
  ]);
  const probe = async (path: string) => (await request(`http://127.0.0.1:${port}${path}`)).statusCode;
  await eventually(
    'the probe to answer',
    () => probe('/livez'),
    (status) => status === 200,
  );
  expect(await probe('/readyz')).toBe(503);
  expect(worker.stdout()).toContain('ECONNREFUSED');
  await ownRedis({ port: redisPort });
  await logged(worker, 'worker started');
  expect(await probe('/readyz')).toBe(200);
  await (await producerFor(url))(31);
  await eventually(
    'the delivery',
    () => sandbox.journal.report().accepted,
    (accepted) => accepted === 1,
  );
});

it('ends at once at SIGINT when Redis never came up', async () => {
  const port = await freePort();
  const config = await configFile({ redis: 'redis://127.0.0.1:1', port, drainTimeout: '60s' });
  const worker = startCommand(['worker', '-c', config]);
  await eventually('the worker to wait', () => worker.stdout().includes('ECONNREFUSED'));
  worker.signal('SIGINT');
  expect(await worker.ended(5_000)).toBe(EXIT.done);
});

it('keeps to its drain timeout and tells of abandoned sends when Redis froze under it', async () => {
  const redis = await ownRedis();
  const sandbox = await ownSandbox();
  sandbox.faults.add({ kind: 'hang' });
  const baseUrl = `${sandbox.url}/kongregate/api`;
  const worker = startCommand([
    'worker',
    '-c',
    await configFile({ redis: redis.url, baseUrl, drainTimeout: '1s' }),
  ]);
  await logged(worker, 'worker started');
  await (await producerFor(redis.url))(31);
  await eventually(
    'the call',
    () => sandbox.journal.report().calls,
    (calls) => calls === 1,
  );
  await redis.kill('SIGSTOP');
  worker.signal('SIGTERM');
  expect(await worker.ended(5_000)).toBe(EXIT.partly);
  expect(await logged(worker, 'worker stopping: waiting for requests in flight')).toMatchObject({
    deadline_ms: 1_000,
  });
  expect(await logged(worker, 'worker stopped')).toMatchObject({ abandoned: 1 });
});

it('is ended at once by a second signal', async () => {
  const redis = await ownRedis();
  const sandbox = await ownSandbox();
  sandbox.faults.add({ kind: 'hang' });
  const baseUrl = `${sandbox.url}/kongregate/api`;
  const worker = startCommand([
    'worker',
    '-c',
    await configFile({ redis: redis.url, baseUrl, drainTimeout: '5m' }),
  ]);
  const { url } = await logged(worker, 'worker started');
  await (await producerFor(redis.url))(31);
  await eventually(
    'the call',
    () => sandbox.journal.report().calls,
    (calls) => calls === 1,
  );
  worker.signal('SIGTERM');
  // The drain has begun when it still answers and takes no more.
  expect((await request(`${url}/livez`)).statusCode).toBe(200);
  await eventually(
    'the second signal to be heard',
    () => {
      worker.signal('SIGTERM');
      return worker.ended(50);
    },
    (end) => end === 'SIGTERM',
  );
});

it('refuses a port that is taken, a changed quota and an unknown channel in one sentence', async () => {
  const redis = await ownRedis();
  const sandbox = await ownSandbox();
  const baseUrl = `${sandbox.url}/kongregate/api`;
  const first = startCommand(['worker', '-c', await configFile({ redis: redis.url, baseUrl })]);
  const { url } = await logged(first, 'worker started');
  await (await producerFor(redis.url))(31);
  await logged(first, 'attempt');

  const port = Number(new URL(String(url)).port);
  const second = startCommand(['worker', '-c', await configFile({ redis: redis.url, baseUrl, port })]);
  expect(await second.ended()).toBe(EXIT.usage);
  expect(second.stderr()).toMatch(
    /^herald: http: cannot listen on 127\.0\.0\.1:\d+: the port is in use; .*\n$/,
  );
  // It never started, so it has nothing to tell of a stop.
  expect(second.stdout()).toBe('');

  const third = startCommand(['worker', '-c', await configFile({ redis: redis.url, baseUrl, quota: 'day' })]);
  expect(await third.ended()).toBe(EXIT.usage);
  expect(third.stderr()).toMatch(/^herald: channels\.kongregate\.quota: was changed .*\n$/);

  const config = await configFile({ redis: redis.url });
  const { exitCode, stderr } = await herald([
    ...['worker', '-c', config],
    ...['--channel', 'kongregate', '--channel', 'kong'],
  ]);
  expect(exitCode).toBe(EXIT.usage);
  expect(stderr).toBe('herald: --channel: no channel "kong" in the configuration (known: kongregate)\n');
});

it('takes no other database for one that Redis refuses', async () => {
  const redis = await ownRedis();
  const worker = startCommand(['worker', '-c', await configFile({ redis: `${redis.url}/99` })]);
  expect(await worker.ended()).toBe(EXIT.usage);
  expect(worker.stderr()).toMatch(/^herald: Redis refused database 99: .*out of range\n$/);
  const admin = new Redis(redis.url);
  expect(await admin.dbsize()).toBe(0);
  admin.disconnect();
});

it('counts the password of Redis among the secrets as it is and as its URL writes it', () => {
  const secrets = (redis: string) =>
    secretsOf({ redis, channels: [], webhooks: [] } as unknown as Parameters<typeof secretsOf>[0]);
  expect(secrets('redis://:pass%2Fword@127.0.0.1')).toEqual(['pass%2Fword', 'pass/word']);
  expect(secrets('redis://:100%@127.0.0.1')).toContain('100%');
  expect(secrets('redis://127.0.0.1')).toEqual([]);
});

it.each([
  [
    'a login that is refused',
    (url: string) => url.replace('//', '//nobody:wrong@'),
    EXIT.unreachable,
    'WRONGPASS',
  ],
  ['a user without INFO', (url: string) => url.replace('//', '//noinfo:secret@'), EXIT.usage, 'INFO'],
  [
    'a user without XADD and ZADD',
    (url: string) => url.replace('//', '//few:secret@'),
    EXIT.usage,
    'XADD, ZADD',
  ],
])('ends by %s, told once in its log', async (_, as, exitCode, detail) => {
  const redis = await ownRedis();
  const admin = new Redis(redis.url);
  for (const [name, ...rules] of [
    ['noinfo', '-info'],
    ['few', '-xadd', '-zadd'],
  ])
    await admin.call('ACL', 'SETUSER', name!, 'on', '>secret', '~*', '&*', '+@all', ...rules);
  admin.disconnect();
  const worker = startCommand(['worker', '--config', await configFile({ redis: as(redis.url) })]);
  expect(await worker.ended()).toBe(exitCode);
  const told = logOf(worker).filter(({ level }) => level === 'error');
  expect(told.at(-1)).toMatchObject({
    msg: 'worker could not start',
    error: expect.stringContaining(detail),
  });
});

it('ends by what is no Redis', async () => {
  const other = createServer((socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  onTestFinished(() => void other.close());
  await once(other.listen(0, '127.0.0.1'), 'listening');
  const { port } = other.address() as { port: number };
  const config = await configFile({ redis: `redis://127.0.0.1:${port}` });
  const worker = startCommand(['worker', '--config', config]);
  expect(await worker.ended()).toBe(EXIT.unreachable);
  const told = logOf(worker).filter(({ msg }) => msg === 'worker could not start');
  expect(told).toMatchObject([{ error: expect.stringContaining('is not a Redis server') }]);
});

it('tells once what doctor finds of a Redis that deletes queued messages', async () => {
  const redis = await ownRedis({ args: ['--maxmemory-policy', 'allkeys-lru'] });
  const worker = startCommand(['worker', '--config', await configFile({ redis: redis.url })]);
  await logged(worker, 'worker started');
  const told = logOf(worker).filter(({ check }) => check === 'eviction');
  expect(told).toMatchObject([{ level: 'warn', detail: expect.stringContaining('allkeys-lru') }]);
  worker.signal('SIGTERM');
  expect(await worker.ended()).toBe(EXIT.done);
});
