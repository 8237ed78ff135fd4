import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectOperator } from '../../src/redis/connections.ts';
import { freePort, type RedisServer, startRedis } from '../../src/sandbox/redis-server.ts';
import { eventually } from '../../testing/eventually.ts';

const PASSWORD = 'of-the-sentinel';

let master: RedisServer;
let folder: string;
let sentinel: ChildProcess;
let url: string;

beforeAll(async () => {
  master = await startRedis();
  folder = await mkdtemp(join(tmpdir(), 'herald-sentinel-'));
  const port = await freePort();
  const file = join(folder, 'sentinel.conf');
  const lines = [
    ...[`port ${port}`, 'bind 127.0.0.1', `requirepass ${PASSWORD}`, `dir ${folder}`, 'logfile ""'],
    `sentinel monitor players 127.0.0.1 ${master.port} 1`,
  ];
  await writeFile(file, `${lines.join('\n')}\n`);
  sentinel = spawn('redis-server', [file, '--sentinel'], { stdio: 'ignore' });
  url = `redis://:${PASSWORD}@127.0.0.1:${port}`;
  const probe = new Redis(url, { retryStrategy: () => 50, maxRetriesPerRequest: null });
  probe.on('error', () => {});
  await eventually('the Sentinel', () => probe.ping());
  probe.disconnect();
});
afterAll(async () => {
  sentinel?.kill('SIGKILL');
  if (sentinel) await once(sentinel, 'exit');
  await master?.stop();
  await rm(folder, { recursive: true, force: true });
});

it('reaches the master that Sentinel names, in the database that is asked for', async () => {
  const { directory, disconnect } = await connectOperator({ sentinels: [url], name: 'players', db: 3 });
  await directory.set('where', 'here');
  disconnect();
  const redis = new Redis(master.url, { db: 3 });
  expect(await redis.get('where')).toBe('here');
  redis.disconnect();
});

it('says within seconds what is wrong with the login of the Sentinels', async () => {
  const wrong = url.replace(PASSWORD, 'another');
  await expect(connectOperator({ sentinels: [wrong], name: 'players' })).rejects.toThrow(
    /^Redis master players of Sentinel did not answer: .*WRONGPASS/,
  );
});
