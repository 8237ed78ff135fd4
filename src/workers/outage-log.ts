import type { Redis } from 'ioredis';
import type { Clock } from '../clock.ts';
import type { Logger } from '../observe/log.ts';

export interface OutageLog {
  report(error: Error): void;
  /** Call once when it starts, and once, without an error, when it ends. */
  refusing(error: Error | undefined): void;
}

/**
 * Logs an outage once, then every ten seconds, then its end: each part that uses Redis reports each failed attempt to
 * connect, several times a second. An error while Redis is connected is logged each time.
 */
export function createOutageLog(redis: Redis, logger: Logger, clock: Clock): OutageLog {
  let since: number | undefined;
  let loggedAt = 0;

  redis.on('ready', () => {
    if (since !== undefined)
      logger.info({ outage_ms: Math.round(clock.monotonic() - since) }, 'redis is reachable again');
    since = undefined;
  });

  const report = (error: Error): void => {
    const now = clock.monotonic();
    const text = error.message || (error as NodeJS.ErrnoException).code || String(error);
    if (redis.status === 'ready') {
      logger.warn({ error: text }, 'redis error');
      return;
    }
    if (since !== undefined && now - loggedAt < REMIND_MS) return;
    since ??= now;
    loggedAt = now;
    logger.warn({ error: text, outage_ms: Math.round(now - since) }, 'redis is unreachable');
  };
  const refusing = (error: Error | undefined): void => {
    if (error) logger.error({ error: error.message }, 'redis refuses writes: sending is on hold');
    else logger.info('redis accepts writes again');
  };
  return { report, refusing };
}

const REMIND_MS = 10_000;
