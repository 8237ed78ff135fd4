/**
 * Makes something of an object once, and has it ready for as long as the object lives: for schemas, since to build one takes a
 * hundred times as long as to check with it.
 */
export function oncePer<K extends object, V>(make: (key: K) => V): (key: K) => V {
  const made = new WeakMap<K, { value: V }>();
  return (key) => {
    const known = made.get(key) ?? { value: make(key) };
    made.set(key, known);
    return known.value;
  };
}
