/** Reads a reply of alternating names and values, as RESP2 has hashes, stream entries and settings. */
export function toMap<T>(flat: readonly T[]): Map<T, T> {
  const map = new Map<T, T>();
  for (let i = 0; i + 1 < flat.length; i += 2) map.set(flat[i]!, flat[i + 1]!);
  return map;
}
