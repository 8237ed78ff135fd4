import { LabelTree } from './label-tree.ts';
import type { LabelledSpec } from './labelled-counter.ts';

/** A histogram that a prom-client registry accepts as one of its own. */
export class LabelledHistogram {
  readonly type = 'histogram';
  readonly aggregator = 'sum';
  readonly labelNames: readonly string[];
  readonly name: string;
  readonly help: string;
  readonly #bounds: readonly number[];
  readonly #series: LabelTree<Cells>;

  constructor({ name, help, labels, buckets }: LabelledSpec & { buckets: readonly number[] }) {
    this.name = name;
    this.help = help;
    this.labelNames = labels;
    this.#bounds = buckets;
    this.#series = new LabelTree(labels, () => ({ counts: new Float64Array(buckets.length + 1), sum: 0 }));
  }

  /** @param first the first label's value; the second's follows */
  observe(value: number, first: string, second?: string): void {
    const cells = this.#series.at(first, second);
    const bounds = this.#bounds;
    let i = 0;
    while (i < bounds.length && value > bounds[i]!) i += 1;
    cells.counts[i]! += 1;
    cells.sum += value;
  }

  /** Starts a series at 0. */
  zero(first: string, second?: string): void {
    this.#series.at(first, second);
  }

  reset(): void {
    this.#series.clear();
  }

  async get(): Promise<object> {
    const { name, help, type, aggregator } = this;
    const values = this.#series.all().flatMap(([labels, cells]) => this.#valuesOf(labels, cells));
    return { name, help, type, aggregator, values };
  }

  #valuesOf(labels: Record<string, string>, { counts, sum }: Cells): Value[] {
    let count = 0;
    const buckets = Array.from(counts, (observed, i): Value => {
      count += observed;
      const le = this.#bounds[i] ?? '+Inf';
      return { metricName: `${this.name}_bucket`, labels: { le, ...labels }, value: count };
    });
    return [
      ...buckets,
      { metricName: `${this.name}_sum`, labels, value: sum },
      { metricName: `${this.name}_count`, labels, value: count },
    ];
  }
}

/** The observations of one series: how many fell into each bucket, the last of which has no upper bound. */
interface Cells {
  counts: Float64Array;
  sum: number;
}

interface Value {
  metricName: string;
  labels: Record<string, string | number>;
  value: number;
}
