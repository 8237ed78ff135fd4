import type { Redis } from 'ioredis';
import type { Clock } from '../clock.ts';
import { type RedisErrorKind, redisErrorKind, refusesWrites } from '../redis/errors.ts';
import type { Logger } from './log.ts';

export interface OutageLog {
  report(error: Error): void;
  /** Redis takes writes again. */
  acceptsWrites(): void;
}

/** The errors of one kind in one outage. Times by the monotonic clock, milliseconds. */
interface Trouble {
  since: number;
  seenAt: number;
  loggedAt: number;
  /** Errors since the last line. */
  unlogged: number;
  errors: number;
  unreachable: boolean;
}

const REMIND_MS = 10_000;

/**
 * Logs an outage of Redis: for each kind of error one line at its start, one every ten seconds while it lasts, with the number of
 * errors, and one at its end. Whatever uses Redis reports every error here, which may be thousands a second.
 */
export function createOutageLog(redis: Redis, logger: Logger, clock: Pick<Clock, 'monotonic'>): OutageLog {
  const troubles = new Map<RedisErrorKind, Trouble>();

  function report(error: Error): void {
    const [now, kind] = [clock.monotonic(), redisErrorKind(error)];
    const known = troubles.get(kind);
    const lasts = known !== undefined && now - known.seenAt < REMIND_MS;
    const trouble = lasts ? known : begin(now, redis.status !== 'ready');
    troubles.set(kind, trouble);
    trouble.seenAt = now;
    trouble.errors += 1;
    trouble.unlogged += 1;
    if (lasts && now - trouble.loggedAt < REMIND_MS) return;
    log(logger, error, kind, trouble, now);
    trouble.loggedAt = now;
    trouble.unlogged = 0;
  }

  /** The first line of a kind of trouble is logged at once. */
  function end(text: string, ended: (trouble: Trouble) => boolean): void {
    const over = [...troubles].filter(([, trouble]) => ended(trouble));
    if (over.length === 0) return;
    for (const [kind] of over) troubles.delete(kind);
    const since = Math.min(...over.map(([, trouble]) => trouble.since));
    const errors = over.reduce((sum, [, trouble]) => sum + trouble.errors, 0);
    logger.info({ outage_ms: Math.round(clock.monotonic() - since), errors }, text);
  }

  redis.on('ready', () => end('redis is reachable again', ({ unreachable }) => unreachable));
  return {
    report,
    acceptsWrites: () => end('redis accepts writes again', ({ unreachable }) => !unreachable),
  };
}

const begin = (now: number, unreachable: boolean): Trouble => ({
  ...{ since: now, seenAt: now, loggedAt: now, unlogged: 0, errors: 0, unreachable },
});

function log(logger: Logger, error: Error, kind: RedisErrorKind, trouble: Trouble, now: number): void {
  const { since, errors, unlogged, unreachable } = trouble;
  const text = error.message || (error as NodeJS.ErrnoException).code || String(error);
  const first = errors === 1;
  const fields = {
    ...{ error: text, kind, outage_ms: Math.round(now - since) },
    ...(first ? {} : { repeated: unlogged }),
  };
  if (unreachable) logger.warn(fields, 'redis is unreachable');
  else if (refusesWrites(error))
    logger.error(fields, first ? 'redis refuses writes: sending is on hold' : 'redis still refuses writes');
  else if (kind === 'timeout') logger.warn(fields, 'redis does not answer');
  else logger.warn(fields, 'redis error');
}
