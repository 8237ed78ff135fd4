import type { Clock } from '../clock.ts';

/** After an answer that refuses: a replica is read-only until it is promoted, a disk is full until an operator frees space. */
const AGAIN_MS = 1_000;
/** A store at the edge of its memory takes one write and refuses the next: the pauses grow. */
const AGAIN_AT_MOST_MS = 8_000;
const STEADY_MS = 5_000;

/** One line for the beginning of a refusal and one for its end, however many commands are refused. */
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
