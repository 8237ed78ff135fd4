import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { type RedisServer, startRedis } from '../../../src/sandbox/index.ts';

export interface RedisFixture {
  redis(): Redis;
  url(): string;
  /** Writes a file below the test's own directory and answers with its path. */
  file(name: string, text: string): Promise<string>;
  /** A configuration of one Kongregate channel whose key is not known on this host. */
  config(): Promise<string>;
}

/** A Redis and a directory of one's own for a file of tests; the Redis is emptied before each. */
export function useRedis(): RedisFixture {
  let server: RedisServer;
  let redis: Redis;
  let dir: string;
  beforeAll(async () => {
    server = await startRedis();
    redis = new Redis(server.url);
    dir = await mkdtemp(join(tmpdir(), 'herald-cli-'));
  });
  beforeEach(() => redis.flushall());
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
    await rm(dir, { recursive: true });
  });
  const file = async (name: string, text: string) => {
    await writeFile(join(dir, name), text);
    return join(dir, name);
  };
  return {
    redis: () => redis,
    url: () => server.url,
    file,
    config: () =>
      file(
        'herald.yaml',
        `redis: ${server.url}\nchannels:\n  kongregate: { platform: kongregate, apiKey: "\${NOT_SET_HERE}" }\n`,
      ),
  };
}
