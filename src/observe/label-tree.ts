type Branch<T> = Map<string, T>;

/**
 * A value for each series of a metric, found by the label values. prom-client builds and looks up a text of all labels at each call,
 * and every message is counted a dozen times. No metric of Herald has more than four labels.
 */
export class LabelTree<T> {
  readonly #names: readonly string[];
  readonly #make: () => T;
  readonly #root: Branch<Branch<Branch<Branch<T>>>> = new Map();

  constructor(names: readonly string[], make: () => T) {
    this.#names = names;
    this.#make = make;
  }

  /** The value of a series, made if it is a new one. */
  at(first: string, second = '', third = '', fourth = ''): T {
    return (
      this.#root.get(first)?.get(second)?.get(third)?.get(fourth) ?? this.#begin(first, second, third, fourth)
    );
  }

  clear(): void {
    this.#root.clear();
  }

  all(): [labels: Record<string, string>, T][] {
    return [...this.#root].flatMap(([first, seconds]) =>
      [...seconds].flatMap(([second, thirds]) =>
        [...thirds].flatMap(([third, fourths]) =>
          [...fourths].map(([fourth, each]): [Record<string, string>, T] => [
            this.#labels([first, second, third, fourth]),
            each,
          ]),
        ),
      ),
    );
  }

  #begin(first: string, second: string, third: string, fourth: string): T {
    const made = this.#make();
    child(child(child(this.#root, first), second), third).set(fourth, made);
    return made;
  }

  #labels(values: readonly string[]): Record<string, string> {
    return Object.fromEntries(this.#names.map((name, i) => [name, values[i] ?? '']));
  }
}

function child<T>(of: Branch<Branch<T>>, value: string): Branch<T> {
  const known = of.get(value);
  if (known) return known;
  const made: Branch<T> = new Map();
  of.set(value, made);
  return made;
}
