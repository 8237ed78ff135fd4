/** The base class of errors that programs may handle, distinguished by class or by `code`, which is stable across versions. */
export abstract class HeraldError extends Error {
  abstract readonly code: `HERALD_${string}`;
}
