import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { isUnknownScript } from './errors.ts';

/** A Lua script, run by EVALSHA; its text is sent only to a Redis that has not loaded it. */
export interface Script {
  run(redis: Redis, keys: readonly string[], args: readonly string[]): Promise<unknown>;
}

export function createScript(text: string): Script {
  const hash = createHash('sha1').update(text).digest('hex');
  return {
    async run(redis, keys, args) {
      try {
        return await redis.evalsha(hash, keys.length, ...keys, ...args);
      } catch (error) {
        if (!isUnknownScript(error)) throw error;
        return await redis.eval(text, keys.length, ...keys, ...args);
      }
    },
  };
}
