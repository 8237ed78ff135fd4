import { Redis } from 'ioredis';

/** Redis does not answer, or not to us. `message` is one sentence that names the address and the cause. */
export class RedisUnreachableError extends Error {
  override readonly name = 'RedisUnreachableError';
}

const TIMEOUT_MS = 5_000;
/** Some one and a half seconds: a command outlives a blink of the network and no outage. */
const RECONNECTS = 5;

/** An operator waits for an answer and then reads the reason; who watches sees Redis come back. */
const OPTIONS = {
  lazyConnect: true,
  // The shapes of answers that BullMQ and the scripts expect, whatever an instance handed in prefers.
  replyMapping: 'legacy' as const,
  connectTimeout: TIMEOUT_MS,
  socketTimeout: TIMEOUT_MS,
  maxRetriesPerRequest: RECONNECTS,
  retryStrategy: (times: number) => Math.min(100 * times, 1_000),
};

/**
 * A connection of one's own, ready or refused within seconds; whoever opens it disconnects it.
 * @param redis a redis:// or rediss:// URL, or an instance, which is duplicated and otherwise left alone
 * @throws RedisUnreachableError
 */
export async function connectRedis(redis: string | Redis): Promise<Redis> {
  const client = typeof redis === 'string' ? new Redis(redis, OPTIONS) : redis.duplicate(OPTIONS);
  let heard: Error | undefined;
  client.on('error', (error: Error) => {
    heard = error;
  });
  try {
    await client.connect();
    return client;
  } catch (error) {
    client.disconnect();
    throw unreachable(client, heard ?? error);
  }
}

function unreachable({ options }: Redis, cause: unknown): RedisUnreachableError {
  const { message, code } = cause as NodeJS.ErrnoException;
  const why = (message || code || String(cause)).slice(0, 200);
  return new RedisUnreachableError(`Redis at ${options.host}:${options.port} did not answer: ${why}`, {
    cause,
  });
}

/** ioredis rejects commands that a lost connection took down with it by these; all else is an answer, or a bug. */
export function isLostConnection(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === 'AbortError' || error.name === 'MaxRetriesPerRequestError') return true;
  return (
    /^(Connection is closed|Stream isn't writeable|Socket timeout)/.test(error.message) || 'syscall' in error
  );
}
