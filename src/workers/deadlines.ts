/**
 * Signals that abort at a deadline, shared by all requests with deadlines in the same quarter of a second: a separate
 * AbortController and timer for each request took a quarter of a busy worker's time.
 */
export interface Deadlines {
  /** Aborts at an instant of the monotonic clock, at most `SHARED_MS` before it, or at `abortAll`. */
  signal(deadlineAt: number): AbortSignal;
  /** Aborts all signals, also later ones. */
  abortAll(): void;
}

export const SHARED_MS = 250;

export function createDeadlines(clock: { monotonic(): number }): Deadlines {
  const groups = new Map<number, AbortController>();
  let over = false;

  function group(slot: number): AbortController {
    const controller = new AbortController();
    groups.set(slot, controller);
    const timer = setTimeout(
      () => {
        groups.delete(slot);
        controller.abort();
      },
      slot * SHARED_MS - clock.monotonic(),
    );
    // The request in flight itself keeps the process alive.
    timer.unref();
    return controller;
  }

  return {
    signal(deadlineAt) {
      if (over) return AbortSignal.abort();
      const slot = Math.floor(deadlineAt / SHARED_MS);
      return (groups.get(slot) ?? group(slot)).signal;
    },
    abortAll() {
      over = true;
      for (const controller of groups.values()) controller.abort();
      groups.clear();
    },
  };
}
