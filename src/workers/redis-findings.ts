import type { Redis } from 'ioredis';
import type { Logger } from '../observe/log.ts';
import { redisChecks } from '../redis/server-checks.ts';
import { readRedisFacts } from '../redis/server-facts.ts';

/** Logs once, at the start, what `doctor` finds wrong with this Redis, for operators who never run it. */
export async function logRedisFindings(redis: Redis, logger: Logger): Promise<void> {
  for (const { name, level, text } of redisChecks(await readRedisFacts(redis))) {
    if (level === 'failed') logger.warn({ check: name, detail: text }, 'redis is misconfigured');
  }
}
