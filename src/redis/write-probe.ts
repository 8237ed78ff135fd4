import type { Redis } from 'ioredis';
import { PROBE_LIFE_MS } from './keys.ts';
import { createScript } from './script.ts';

/**
 * Declares a key that never exists, as the ledger's scripts do: while a cluster moves the hash slot, it is refused as they are.
 */
const script = createScript(`return redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])`);

/**
 * Tests whether Redis accepts writes.
 * @param key is written, and expires
 * @throws the refusal
 */
export async function probeWrites(redis: Redis, key: string): Promise<void> {
  await script.run(redis, [key, `${key}:absent`], [String(PROBE_LIFE_MS)]);
}
