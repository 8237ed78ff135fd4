import type { Counter, Gauge, Histogram } from 'prom-client';
import { REDIS_ERROR_KINDS, type RedisErrorKind } from '../redis/errors.ts';

/** The calls to Redis that are timed. A call may carry any number of messages. */
export const REDIS_CALLS = ['admit', 'settle', 'sample'] as const;
export type RedisCall = (typeof REDIS_CALLS)[number];

/** Redis as this process sees it. */
export interface RedisMetrics {
  /** Whether it answers and takes writes. */
  up(up: boolean): void;
  error(kind: RedisErrorKind): void;
  /** A lost connection was made again. */
  reconnected(): void;
  called(call: RedisCall, ms: number): void;
}

export function redisMetrics(m: {
  redisUp: Gauge;
  redisErrors: Counter<'kind'>;
  redisReconnects: Counter;
  redisCall: Histogram<'call'>;
}): RedisMetrics {
  for (const kind of REDIS_ERROR_KINDS) m.redisErrors.inc({ kind }, 0);
  for (const call of REDIS_CALLS) m.redisCall.zero({ call });
  return {
    up: (up) => m.redisUp.set(up ? 1 : 0),
    error: (kind) => m.redisErrors.inc({ kind }),
    reconnected: () => m.redisReconnects.inc(),
    called: (call, ms) => m.redisCall.observe({ call }, ms / 1000),
  };
}

export interface CallTiming {
  called: RedisMetrics['called'];
  monotonic(): number;
}

/** Runs and times a call, whether it succeeds or fails: one that is never answered fails when its connection ends. */
export async function timedCall<T>(
  call: RedisCall,
  run: () => Promise<T>,
  { called, monotonic }: CallTiming,
): Promise<T> {
  const startedAt = monotonic();
  try {
    return await run();
  } finally {
    called(call, monotonic() - startedAt);
  }
}
