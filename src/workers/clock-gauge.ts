/** As long as the figures of a sample count. */
const VALID_MS = 15_000;

/**
 * Shows the clock's offset while it is known: a measurement hangs while Redis is away, and an old figure would look like a new one.
 * @param show gets milliseconds, or undefined when the last measurement has grown old
 */
export function createClockGauge(
  show: (offsetMs: number | undefined) => void,
  validMs: number = VALID_MS,
): (offsetMs: number) => void {
  let timer: NodeJS.Timeout | undefined;
  return (offsetMs) => {
    show(offsetMs);
    timer ??= setTimeout(() => {
      timer = undefined;
      show(undefined);
    }, validMs).unref();
    timer.refresh();
  };
}
