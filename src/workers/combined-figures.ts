import type { RedisMetrics } from '../observe/redis-metrics.ts';

/** Figures of a process as a whole, made of those of the parts of the store that it relies on. */

/** Redis is up where all parts are; everything else is counted together. @returns the metrics of one more part */
export function sharedRedisMetrics(metrics: RedisMetrics): () => RedisMetrics {
  const states: { up: boolean }[] = [];
  return () => {
    const own = { up: false };
    states.push(own);
    return {
      ...metrics,
      up(up) {
        own.up = up;
        metrics.up(states.every((state) => state.up));
      },
    };
  };
}

/**
 * Shows the offset that is farthest from 0.
 * @param show gets milliseconds, or undefined while none is known
 * @returns what shows the offset of one more part
 */
export function worstOffset(
  show: (offsetMs: number | undefined) => void,
): () => (offsetMs: number | undefined) => void {
  const offsets: (number | undefined)[] = [];
  return () => {
    const mine = offsets.push(undefined) - 1;
    return (offsetMs) => {
      offsets[mine] = offsetMs;
      const known = offsets.filter((offset) => offset !== undefined);
      show(known.toSorted((a, b) => Math.abs(b) - Math.abs(a))[0]);
    };
  };
}
