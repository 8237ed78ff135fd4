/** A metric as data. Label values are closed sets; a player, a message id or a campaign never becomes one. Times in seconds. */
export interface MetricSpec<L extends string = string> {
  readonly name: `herald_${string}`;
  readonly help: string;
  readonly labels: readonly L[];
}

export interface HistogramSpec<L extends string = string> extends MetricSpec<L> {
  /** Upper bounds, ascending. */
  readonly buckets: number[];
}

/** The part of the help of a figure that all workers of a channel tell alike. */
export const SHARED = 'Same value from every worker: aggregate with max by (channel).';

/** For what mostly takes no longer than a request: from an answer on the loopback to a timeout. */
export const SHORT_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
