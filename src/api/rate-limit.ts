import type { Clock } from '../clock.ts';

/** Limits the requests of each token to this process by a token bucket, which holds `max` and refills within `perMs`. */

export interface RateLimit {
  max: number;
  perMs: number;
}

export interface RateVerdict {
  allowed: boolean;
  /** `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers), and `Retry-After` with a refusal. */
  headers: Readonly<Record<string, string>>;
}

export function createRateLimiter(
  { max, perMs }: RateLimit,
  clock: Pick<Clock, 'monotonic'>,
): (token: string) => RateVerdict {
  const buckets = new Map<string, { left: number; at: number }>();
  const policy = `"token";q=${max};w=${Math.ceil(perMs / 1000)}`;
  const seconds = (requests: number): number => Math.ceil((requests * perMs) / max / 1000);
  return (token) => {
    const now = clock.monotonic();
    const before = buckets.get(token);
    const filled = before ? Math.min(max, before.left + ((now - before.at) * max) / perMs) : max;
    const allowed = filled >= 1;
    const left = allowed ? filled - 1 : filled;
    buckets.set(token, { left, at: now });
    const headers = {
      'ratelimit-policy': policy,
      ratelimit: `"token";r=${Math.floor(left)};t=${seconds(max - left)}`,
    };
    if (allowed) return { allowed, headers };
    return { allowed, headers: { ...headers, 'retry-after': String(Math.max(1, seconds(1 - left))) } };
  };
}
