/** How long the rules wait and look back. */
export interface Timing {
  /** As Prometheus writes a duration. */
  window(seconds: number): string;
  /** A length of time that a value is compared with, in seconds. */
  seconds(seconds: number): number;
  /** The fewest messages that a ratio may be made of. */
  volume(messages: number): number;
  /** Between two evaluations of the rules, in seconds. */
  readonly evaluateEvery: number;
}

const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
] as const;

function written(seconds: number): string {
  const [unit, length] = UNITS.find(([, length]) => seconds % length === 0) ?? ['s', 1];
  return `${seconds / length}${unit}`;
}

/** What ships. */
export const AS_SHIPPED: Timing = {
  window: written,
  seconds: (seconds) => seconds,
  volume: (messages) => messages,
  evaluateEvery: 15,
};
