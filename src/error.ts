/** What Herald throws for a program to handle, distinguished by class or by a code that stays what it is over versions. */
export abstract class HeraldError extends Error {
  abstract readonly code: `HERALD_${string}`;
}
