/**
 * A histogram with one label, the channel, that a prom-client registry accepts as one of its own. prom-client's `observe` builds
 * and looks up a text of all labels at each call, and every message is observed several times.
 */
export class ChannelHistogram {
  readonly type = 'histogram';
  readonly aggregator = 'sum';
  readonly labelNames = ['channel'] as const;
  readonly name: string;
  readonly help: string;
  readonly #bounds: readonly number[];
  readonly #channels = new Map<string, Cells>();

  constructor({ name, help, buckets }: { name: string; help: string; buckets: readonly number[] }) {
    this.name = name;
    this.help = help;
    this.#bounds = buckets;
  }

  observe(channel: string, value: number): void {
    const cells = this.#channels.get(channel) ?? this.zero(channel);
    const bounds = this.#bounds;
    let i = 0;
    while (i < bounds.length && value > bounds[i]!) i += 1;
    cells.counts[i]! += 1;
    cells.sum += value;
  }

  /** Starts the series of a channel at 0. */
  zero(channel: string): Cells {
    const cells = { counts: new Float64Array(this.#bounds.length + 1), sum: 0 };
    this.#channels.set(channel, cells);
    return cells;
  }

  reset(): void {
    this.#channels.clear();
  }

  async get(): Promise<object> {
    const { name, help, type, aggregator } = this;
    const values = [...this.#channels].flatMap(([channel, cells]) => this.#valuesOf(channel, cells));
    return { name, help, type, aggregator, values };
  }

  #valuesOf(channel: string, { counts, sum }: Cells): Value[] {
    let count = 0;
    const buckets = Array.from(counts, (observed, i): Value => {
      count += observed;
      const labels = { le: this.#bounds[i] ?? '+Inf', channel };
      return { metricName: `${this.name}_bucket`, labels, value: count };
    });
    return [
      ...buckets,
      { metricName: `${this.name}_sum`, labels: { channel }, value: sum },
      { metricName: `${this.name}_count`, labels: { channel }, value: count },
    ];
  }
}

/** The observations of one channel: how many fell into each bucket, the last of which has no upper bound. */
interface Cells {
  counts: Float64Array;
  sum: number;
}

interface Value {
  metricName: string;
  labels: Record<string, string | number>;
  value: number;
}
