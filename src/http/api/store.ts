import type { Clock } from '../../clock.ts';
import { openConnection } from '../../producer/connection.ts';
import { TOKEN_USES_KEY, TOKENS_KEY } from '../../redis/keys.ts';
import type { RedisInstance } from '../../redis/option.ts';
import type { TokenStore } from '../../tokens/verify.ts';

/** What the API keeps in Redis itself. Every call ends within the time of a producer's, with its errors. */
export interface ApiStore {
  readonly tokens: TokenStore;
  close(): Promise<void>;
}

const TIMEOUT_MS = 5_000;

export function openApiStore(redis: string | RedisInstance, clock: Pick<Clock, 'monotonic'>): ApiStore {
  const { stores, call, close } = openConnection(redis, TIMEOUT_MS, clock);
  const { directory } = stores;
  const run = <T>(operation: string, command: () => Promise<T>): Promise<T> =>
    call(operation, (attempt) => attempt(directory, command));
  return {
    tokens: {
      find: (id) => run('authenticate', () => directory.hget(TOKENS_KEY, id)),
      used(id, at) {
        // A use that cannot be written down is written with a later one.
        run('authenticate', () => directory.hset(TOKEN_USES_KEY, id, at)).catch(() => {});
      },
    },
    close,
  };
}
