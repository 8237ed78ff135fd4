/** The ids of a stream's entries: an instant in milliseconds, and a number of 64 bits. */
const ENTRY_ID = /^(?<ms>\d{1,16})-(?<number>\d{1,20})$/;
const LARGEST_NUMBER = 2n ** 64n - 1n;

/** Whether a stream entry may have this id. Redis refuses commands with any other, also in a range that excludes it. */
export function isEntryId(text: string): boolean {
  const { ms, number } = ENTRY_ID.exec(text)?.groups ?? {};
  if (ms === undefined || number === undefined || BigInt(number) > LARGEST_NUMBER) return false;
  return BigInt(ms) > 0n || BigInt(number) > 0n;
}
