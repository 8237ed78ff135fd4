import { hash } from 'node:crypto';

const FIRST_SIZE = 1024;
/** 53 bits of a hash are used: as many as a number holds exactly. */
const HIGH_BYTES = 6;
const LOW_BITS = 32;

/**
 * Remembers millions of keys in 16 to 32 bytes each, by 53 bits of their hash: among a million keys, the probability that one is taken
 * for another is 1 to 18,000.
 * @returns a function that remembers a key, and returns whether it knew the key before
 */
export function createSeen(): (key: string) => boolean {
  let table = new Float64Array(FIRST_SIZE);
  let count = 0;

  /** The place of the number, or the free one where it belongs: 0 is free. */
  function placeOf(number: number, within: Float64Array): number {
    let at = number % within.length;
    while (within[at] !== 0 && within[at] !== number) at = (at + 1) % within.length;
    return at;
  }
  function grow(): void {
    const larger = new Float64Array(table.length * 2);
    for (const number of table) if (number !== 0) larger[placeOf(number, larger)] = number;
    table = larger;
  }

  return (key) => {
    const bytes = hash('sha256', key, 'buffer');
    const number = bytes.readUIntBE(0, HIGH_BYTES) * LOW_BITS + (bytes[HIGH_BYTES]! % LOW_BITS) || 1;
    const at = placeOf(number, table);
    if (table[at] === number) return true;
    table[at] = number;
    count += 1;
    if (count * 2 > table.length) grow();
    return false;
  };
}
