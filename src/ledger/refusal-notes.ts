import type { Clock } from '../clock.ts';

/** The first pause after a refusal. It may last: a replica is read-only until it is promoted, a disk full until somebody frees space. */
const AGAIN_MS = 1_000;
/** The longest pause. Pauses grow, because a store at the edge of its memory may take one write and refuse the next. */
const AGAIN_AT_MOST_MS = 8_000;
const STEADY_MS = 5_000;

/** Reports the beginning of a refusal once, and its end once, however many commands are refused. */
export function noteRefusals(clock: Pick<Clock, 'monotonic'>, report: (error: Error | undefined) => void) {
  let current: string | undefined;
  let endedAt = Number.NEGATIVE_INFINITY;
  let pauseMs = AGAIN_MS;
  return {
    current: () => current,
    pauseMs: () => pauseMs,
    note(error: Error): void {
      if (current !== undefined) return;
      const soon = clock.monotonic() - endedAt < STEADY_MS;
      pauseMs = soon ? Math.min(2 * pauseMs, AGAIN_AT_MOST_MS) : AGAIN_MS;
      current = error.message;
      report(error);
    },
    over(): void {
      if (current === undefined) return;
      current = undefined;
      endedAt = clock.monotonic();
      report(undefined);
    },
  };
}
