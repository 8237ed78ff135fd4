import type { Clock } from '../clock.ts';
import { openConnection } from '../producer/connection.ts';
import { idempotencyKey, TOKEN_USES_KEY, TOKENS_KEY } from '../redis/keys.ts';
import type { RedisOption } from '../redis/option.ts';
import { createScript } from '../redis/script.ts';
import type { TokenStore } from '../tokens/verify.ts';
import type { FingerprintStore } from './idempotency.ts';

/** What the API itself keeps in Redis. Every call ends within the timeout of a producer's calls, and with their errors. */
export interface ApiStore {
  readonly tokens: TokenStore;
  readonly fingerprints: FingerprintStore;
  close(): Promise<void>;
}

const TIMEOUT_MS = 5_000;
const FINGERPRINTS_MS = 24 * 3600_000;

/** Both in one script, so that no key is left without an expiry. */
const keep = createScript(`
  redis.call('SETRANGE', KEYS[1], ARGV[1], ARGV[2])
  return redis.call('PEXPIRE', KEYS[1], ARGV[3])
`);

export function openApiStore(
  redis: RedisOption,
  clock: Pick<Clock, 'monotonic'>,
  timeoutMs = TIMEOUT_MS,
): ApiStore {
  const { stores, call, close } = openConnection(redis, timeoutMs, clock);
  const { directory } = stores;
  const run = <T>(operation: string, command: () => Promise<T>): Promise<T> =>
    call(operation, (attempt) => attempt(directory, command));
  return {
    tokens: {
      find: (id) => run('authenticate', () => directory.hget(TOKENS_KEY, id)),
      used(id, at) {
        // If this fails, a later use is recorded.
        run('authenticate', () => directory.hset(TOKEN_USES_KEY, id, at)).catch(() => {});
      },
    },
    fingerprints: {
      read: (name, from, to) => run('idempotency', () => directory.getrange(idempotencyKey(name), from, to)),
      async write(name, from, text) {
        const args = [String(from), text, String(FINGERPRINTS_MS)];
        await run('idempotency', () => keep.run(directory, [idempotencyKey(name)], args));
      },
    },
    close,
  };
}
