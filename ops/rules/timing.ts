/** How long the rules wait and look back. */
export interface Timing {
  /** How far a rate looks back, as Prometheus writes it. */
  window(seconds: number): string;
  /** How long a condition has to hold, as Prometheus writes it. */
  hold(seconds: number): string;
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
  hold: written,
  seconds: (seconds) => seconds,
  volume: (messages) => messages,
  evaluateEvery: 15,
};

/** With scrapes a second apart, a rate needs some of them within its window. */
const SHORTEST_WINDOW_S = 4;

/** The same rules for an incident that is played so many times faster, scraped each second. */
export const hastened = (times: number): Timing => ({
  window: (seconds) => `${Math.max(SHORTEST_WINDOW_S, Math.ceil(seconds / times))}s`,
  hold: (seconds) => `${Math.ceil(seconds / times)}s`,
  seconds: (seconds) => seconds / times,
  volume: (messages) => Math.max(1, messages / times),
  evaluateEvery: 1,
});
