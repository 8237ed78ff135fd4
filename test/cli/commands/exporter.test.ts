import { Redis } from 'ioredis';
import { expect, it, onTestFinished } from 'vitest';
import { EXIT } from '../../../src/cli/context.ts';
import { startRedis } from '../../../src/sandbox/index.ts';
import { eventually } from '../../../testing/eventually.ts';
import { startCommand } from '../command-process.ts';
import { herald } from '../test-context.ts';

it('exports without a configuration until it is told to end', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const exporter = startCommand(['exporter', '--port', '0'], { REDIS_URL: redis.url });
  const url = await eventually('its address', () => /"url":"([^"]+)"/.exec(exporter.stdout())?.[1]);
  await eventually('Redis to be up', async () =>
    (await (await fetch(`${url}/metrics`)).text()).includes('\nherald_redis_up 1\n'),
  );
  exporter.signal('SIGTERM');
  expect(await exporter.ended()).toBe(EXIT.done);
});

it('takes a port that it cannot have for wrong usage, and a server that is no Redis for an unreachable one', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const client = new Redis(redis.url);
  await client.config('SET', 'requirepass', 'secret');
  client.disconnect();
  const env = { REDIS_URL: redis.url };
  const taken = await herald(['exporter', '--port', String(redis.port)], { env });
  expect([taken.exitCode, taken.stderr]).toEqual([
    EXIT.usage,
    expect.stringContaining('the port is in use; choose another with --port'),
  ]);
  const refused = await herald(['exporter', '--port', '0'], { env });
  expect([refused.exitCode, refused.stderr]).toEqual([
    EXIT.unreachable,
    expect.stringContaining('requires a password'),
  ]);
});
