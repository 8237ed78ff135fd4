/**
 * What a Redis answers that takes no writes for now: it is full, a replica, cannot save, loads, or was taken a right
 * away. Nothing was done, the same will be asked again, and nobody's message is to blame.
 */
const REFUSING =
  /^(?:(?:OOM|READONLY|MISCONF|NOREPLICAS|LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|NOAUTH|NOPERM) |ERR The user executing the script)/;

export const refusesWrites = (error: unknown): error is Error =>
  error instanceof Error && REFUSING.test(error.message);
