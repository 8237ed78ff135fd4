import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { DatabaseRefusedError, RedisUnreachableError } from '../../src/redis/connection-errors.ts';
import {
  connectFollower,
  connectOperator,
  connectWorker,
  openProducerStores,
} from '../../src/redis/connections.ts';
import { type RedisServer, startRedis } from '../../src/sandbox/redis-server.ts';

let server: RedisServer;
let admin: Redis;

beforeAll(async () => {
  server = await startRedis();
  admin = new Redis(server.url);
});
afterAll(async () => {
  admin.disconnect();
  await server.stop();
});

it('uses the database that it is told to', async () => {
  const { directory: redis } = await connectOperator(`${server.url}/7`);
  onTestFinished(() => redis.disconnect());
  await redis.set('where', 'seven');
  expect([await admin.get('where'), await admin.select(7), await admin.get('where')]).toEqual([
    null,
    'OK',
    'seven',
  ]);
  await admin.select(0);
});

it('takes no other database for one that Redis refuses', async () => {
  const refused = connectOperator(`${server.url}/99`);
  await expect(refused).rejects.toThrow(DatabaseRefusedError);
  await expect(refused).rejects.toThrow(/^Redis refused database 99: .*out of range/);
});

it('says that a password was refused', async () => {
  await admin.config('SET', 'requirepass', 'right');
  onTestFinished(async () => void (await admin.config('SET', 'requirepass', '')));
  const refused = connectOperator(server.url.replace('//', '//:wrong@'));
  await expect(refused).rejects.toThrow(RedisUnreachableError);
  await expect(refused).rejects.toThrow(/^Redis at \S+ refused the user name or the password \(WRONGPASS\)$/);
  await expect(connectOperator(server.url)).rejects.toThrow(
    /^Redis at \S+ requires a password: put it in the URL/,
  );
});

it('says that what listens there is no Redis', async () => {
  const other = createServer((socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  onTestFinished(() => void other.close());
  await once(other.listen(0, '127.0.0.1'), 'listening');
  const { port } = other.address() as AddressInfo;
  await expect(connectOperator(`redis://127.0.0.1:${port}`)).rejects.toThrow(
    `Redis at 127.0.0.1:${port} is not a Redis server (unexpected protocol)`,
  );
});

it('leaves an instance its own options and takes none that would change what a role does', async () => {
  const own = {
    enableOfflineQueue: false,
    commandTimeout: 1,
    stringNumbers: true,
    enableAutoPipelining: true,
    autoResendUnfulfilledCommands: false,
  };
  const instance = new Redis(server.url, { lazyConnect: true, ...own });
  const role = { timeoutMs: 5_000, clock: systemClock, onOpen() {} };
  const { directory: producer } = openProducerStores(instance, role);
  const { queues, ledgers } = connectWorker(instance, systemClock);
  const patient = [await connectOperator(instance), queues, ledgers, connectFollower(instance).stores];
  const waiting = patient.map(({ directory }) => directory);
  onTestFinished(() => {
    for (const client of [instance, producer, ...waiting]) client.disconnect();
  });
  for (const { options } of [producer, ...waiting])
    expect(options).toMatchObject({
      commandTimeout: undefined,
      stringNumbers: false,
      enableAutoPipelining: false,
    });
  const resending = [producer, ...waiting].map(({ options }) => options.autoResendUnfulfilledCommands);
  expect(resending).toEqual([true, true, true, false, true]);
  expect(producer.options.enableOfflineQueue).toBe(false);
  for (const client of waiting) expect([await client.ping(), await client.dbsize()]).toEqual(['PONG', 0]);
  expect(instance.options).toMatchObject(own);
  expect(instance.status).toBe('wait');
});
