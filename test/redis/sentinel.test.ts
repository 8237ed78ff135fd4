import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { connectOperator } from '../../src/redis/connections.ts';
import { type RedisServer, startRedis } from '../../src/sandbox/redis-server.ts';
import { MASTER_GROUP, type Sentinel, startSentinel } from '../../testing/own-sentinel.ts';

const PASSWORD = 'of-the-sentinel';

let master: RedisServer;
let sentinel: Sentinel;

beforeAll(async () => {
  master = await startRedis();
  sentinel = await startSentinel({ master: master.port, password: PASSWORD });
});
afterAll(async () => {
  await sentinel?.close();
  await master?.stop();
});

it('reaches the master that Sentinel names, in the database that is asked for', async () => {
  const address = { sentinels: [sentinel.url], name: MASTER_GROUP, db: 3 };
  const { directory, disconnect } = await connectOperator(address);
  await directory.set('where', 'here');
  disconnect();
  const redis = new Redis(master.url, { db: 3 });
  expect(await redis.get('where')).toBe('here');
  redis.disconnect();
});

it('says within seconds what is wrong with the login of the Sentinels', async () => {
  const wrong = sentinel.url.replace(PASSWORD, 'another');
  await expect(connectOperator({ sentinels: [wrong], name: MASTER_GROUP })).rejects.toThrow(
    /^Redis master players of Sentinel did not answer: .*WRONGPASS/,
  );
});

it('asks the next Sentinel where one is frozen', async () => {
  const frozen = await startSentinel({ master: master.port, password: PASSWORD });
  onTestFinished(() => frozen.close());
  frozen.freeze();
  const address = { sentinels: [frozen.url, sentinel.url], name: MASTER_GROUP };
  const { directory, disconnect } = await connectOperator(address);
  expect(await directory.ping()).toBe('PONG');
  disconnect();
});
