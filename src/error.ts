/** What Herald throws for a program to handle, told apart by class or by a code that stays what it is over versions. */
export abstract class HeraldError extends Error {
  abstract readonly code: `HERALD_${string}`;
}
