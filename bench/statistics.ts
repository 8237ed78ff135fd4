/** What a figure was over the rounds of a run. */
export interface Summary {
  median: number;
  min: number;
  max: number;
}

/** Undefined where nothing was measured: NaNs are left out. */
export function summarise(values: readonly number[]): Summary | undefined {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  const [min, max] = [sorted.at(0), sorted.at(-1)];
  if (min === undefined || max === undefined) return undefined;
  return { median: median(sorted), min, max };
}

/** @param sorted at least one value */
function median(sorted: readonly number[]): number {
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}

/** @param share of 1: 0.99 for p99 */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN;
}
