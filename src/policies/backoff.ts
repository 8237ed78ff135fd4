import type { Random } from '../clock.ts';

export interface BackoffPolicy {
  baseMs: number;
  capMs: number;
}

/**
 * Capped exponential backoff with full jitter: anywhere between nothing and base · 2^(attempt−1), so that messages that
 * failed together are not retried together.
 * @param attempt the attempt that failed, from 1
 */
export function backoffMs({ baseMs, capMs }: BackoffPolicy, attempt: number, random: Random): number {
  return Math.round(random() * Math.min(capMs, baseMs * 2 ** Math.min(attempt - 1, 52)));
}
