import type { Redis } from 'ioredis';

/** What a Redis tells of itself. */

const figure = async (redis: Redis, section: string, name: string): Promise<string | undefined> =>
  new RegExp(`^${name}:(\\S+)`, 'm').exec(await redis.info(section))?.[1];

export const usedBytes = async (redis: Redis): Promise<number> =>
  Number(await figure(redis, 'memory', 'used_memory'));

export const redisVersion = async (redis: Redis): Promise<string> =>
  (await figure(redis, 'server', 'redis_version')) ?? 'unknown';

/** Seconds, of user and system, since its start. */
export async function redisCpuSeconds(redis: Redis): Promise<number> {
  const user = await figure(redis, 'cpu', 'used_cpu_user');
  return Number(user) + Number(await figure(redis, 'cpu', 'used_cpu_sys'));
}
