import type { Redis } from 'ioredis';

/**
 * Everything that lies in a Redis: `key` or `key field` → the value as text, names included.
 * @param lifeMs leaves out what is gone by itself within this time: locks, samples, probes
 */
export async function redisContents(redis: Redis, lifeMs = 0): Promise<Map<string, string>> {
  const contents = new Map<string, string>();
  for (const key of await redis.keys('*')) {
    const left = lifeMs > 0 ? await redis.pttl(key) : -1;
    if (left >= 0 && left < lifeMs) continue;
    for (const [field, value] of await entries(redis, key)) contents.set(`${key} ${field}`, `${value}`);
  }
  return contents;
}

async function entries(redis: Redis, key: string): Promise<[string, unknown][]> {
  const kind = await redis.type(key);
  switch (kind) {
    case 'hash':
      return Object.entries(await redis.hgetall(key));
    case 'string':
      return [['', await redis.get(key)]];
    case 'list':
      return [['', await redis.lrange(key, 0, -1)]];
    case 'set':
      return [['', await redis.smembers(key)]];
    case 'zset':
      return [['', await redis.zrange(key, '0', '-1')]];
    case 'stream':
      return [['', JSON.stringify(await redis.xrange(key, '-', '+'))]];
    // It expired since its name was read.
    case 'none':
      return [];
    default:
      throw new Error(`no way to read ${key}, which is a ${kind}`);
  }
}
