import { LabelTree } from './label-tree.ts';

export interface LabelledSpec {
  name: string;
  help: string;
  labels: readonly string[];
}

/** A counter, or a gauge that is only counted up and down, that a prom-client registry accepts as one of its own. */
export class LabelledCounter {
  readonly type: 'counter' | 'gauge';
  readonly aggregator = 'sum';
  readonly labelNames: readonly string[];
  readonly name: string;
  readonly help: string;
  readonly #cells: LabelTree<{ value: number }>;

  constructor({ name, help, labels }: LabelledSpec, type: 'counter' | 'gauge' = 'counter') {
    this.type = type;
    this.name = name;
    this.help = help;
    this.labelNames = labels;
    this.#cells = new LabelTree(labels, () => ({ value: 0 }));
  }

  /** @param first the first label's value; those of the others follow, in the order of the labels */
  inc(first: string, second?: string, third?: string, fourth?: string): void {
    this.#cells.at(first, second, third, fourth).value += 1;
  }

  /** Adds a number, also a negative one. Adding 0 starts a series. */
  add(by: number, first: string, second?: string, third?: string, fourth?: string): void {
    this.#cells.at(first, second, third, fourth).value += by;
  }

  reset(): void {
    this.#cells.clear();
  }

  async get(): Promise<object> {
    const { name, help, type, aggregator } = this;
    const values = this.#cells.all().map(([labels, { value }]) => ({ labels, value }));
    return { name, help, type, aggregator, values };
  }
}
