import { setTimeout as pause } from 'node:timers/promises';

const LOOK_EVERY_MS = 50;

/** Sleeps; an abort ends it with the signal's reason. */
export async function pauseFor(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await pause(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
}

/** Looks until the condition holds; an abort ends it with the signal's reason. */
export async function until(holds: () => boolean, signal: AbortSignal): Promise<void> {
  while (!holds()) await pauseFor(LOOK_EVERY_MS, signal);
}
