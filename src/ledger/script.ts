import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';

/**
 * A Lua script of the ledger: its own file behind the shared ones. Sent by hash; the text goes over the wire once for
 * each Redis that does not know it yet.
 */
export interface Script {
  run(redis: Redis, keys: readonly string[], args: readonly string[]): Promise<unknown>;
}

const read = (file: string): string => readFileSync(new URL(`lua/${file}`, import.meta.url), 'utf8');

const PRELUDE = [
  'tables.lua',
  'records.lua',
  'channel.lua',
  'claims.lua',
  'epoch.lua',
  'letters.lua',
  'failed.lua',
];

/** @param before a file that comes before the shared ones, where they are to see another store than there is */
export function loadScript(file: string, before?: string): Script {
  const text = [...(before === undefined ? [] : [before]), ...PRELUDE, file].map(read).join('\n');
  const hash = createHash('sha1').update(text).digest('hex');
  return {
    async run(redis, keys, args) {
      try {
        return await redis.evalsha(hash, keys.length, ...keys, ...args);
      } catch (error) {
        if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
        return await redis.eval(text, keys.length, ...keys, ...args);
      }
    },
  };
}
