/** Kinds of ioredis errors: a lost connection, an answer of Redis, or something else. */

/** The errors with which ioredis rejects commands of a lost connection; any other is a reply of Redis, or a bug. */
export function isLostConnection(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === 'AbortError' || error.name === 'MaxRetriesPerRequestError') return true;
  return (
    /^(Connection is closed|Stream isn't writeable|Socket timeout)/.test(error.message) || 'syscall' in error
  );
}

/**
 * Whether Redis replied with an error: `WRONGPASS`, `NOPERM`, `OOM` … ioredis attaches the command with all its arguments
 * to it, so only the text may be passed on.
 */
export const isRefusal = (error: unknown): error is Error =>
  error instanceof Error && error.name === 'ReplyError';

/** Whether a key holds something else than what Herald keeps there. */
export const isWrongType = (error: unknown): boolean =>
  isRefusal(error) && error.message.startsWith('WRONGTYPE ');

/** Whether the script is not loaded (any more); it was not run. By the text alone: a minified bundle renames the classes of errors. */
export const isUnknownScript = (error: unknown): boolean =>
  error instanceof Error && error.message.startsWith('NOSCRIPT');

/** Whether a node of a cluster has not, or no longer, the hash slot of the command: another one has to be connected to. */
export const isMoved = (error: unknown): boolean =>
  error instanceof Error && error.message.startsWith('MOVED ');

/**
 * Whether the refusal is temporary: a replica, a server that is loading, a cluster that is moving slots. The command was
 * not executed, and a retry, possibly on another server, will succeed.
 */
export const isPassingRefusal = (error: unknown): error is Error =>
  isRefusal(error) && /^(?:READONLY|MASTERDOWN|LOADING|CLUSTERDOWN|TRYAGAIN|MOVED|ASK) /.test(error.message);

/**
 * Replies of a Redis that accepts no writes at present: it is out of memory, a replica, cannot persist, is loading, is moving
 * the hash slot to another node, or has revoked a permission. The command was not executed and will be retried; the cause is not the message.
 */
const REFUSING =
  /^(?:(?:OOM|READONLY|MISCONF|NOREPLICAS|LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|MOVED|ASK|BUSY|NOAUTH|NOPERM) |ERR The user executing the script)/;

export const refusesWrites = (error: unknown): error is Error =>
  error instanceof Error && REFUSING.test(error.message);

/** Whether one entry of a call may be what the store refused. A store that takes no writes refuses all: there is no use in trying each. */
export const blamesAnEntry = (error: unknown): boolean => isRefusal(error) && !refusesWrites(error);

/**
 * Errors by what an operator does about them: free memory, find the primary, find out why it is slow or frozen, start it or fix the
 * login, read the log.
 */
export const REDIS_ERROR_KINDS = ['oom', 'readonly', 'timeout', 'refused', 'other'] as const;
export type RedisErrorKind = (typeof REDIS_ERROR_KINDS)[number];

const KIND_PATTERNS: readonly (readonly [RedisErrorKind, RegExp])[] = [
  ['oom', /^OOM /],
  ['readonly', /^READONLY /],
  // ioredis gives a command up after so many connections that were refused.
  ['refused', /ECONNREFUSED|^(?:NOAUTH|WRONGPASS|NOPERM) |^Reached the max retries per request limit/],
  // A lock that BullMQ could not renew in time is the trace of a Redis, or a worker, that was away for longer than it holds.
  ['timeout', /timed? ?out|^could not renew lock|^Missing lock /i],
];

export function redisErrorKind(error: Error): RedisErrorKind {
  const text = `${error.message} ${(error as NodeJS.ErrnoException).code ?? ''}`;
  return KIND_PATTERNS.find(([, pattern]) => pattern.test(text))?.[0] ?? 'other';
}

/** The error of a command that a connected Redis does not answer. */
export const noAnswer = (ms: number): Error => new Error(`timed out: no answer within ${ms} ms`);

/** The error code in the text of a refusal, such as `OOM`; `ERR` if there is none. */
export const refusalCode = (answer: string): string => /^[A-Z]+/.exec(answer)?.[0] ?? 'ERR';

/**
 * Whether Redis refused the database of the connection. ioredis emits this as an event and continues in database 0, which
 * may belong to another program.
 */
export const isRefusedDatabase = (error: unknown): error is Error =>
  isRefusal(error) && (error as Error & { command?: { name: string } }).command?.name === 'select';

const SHOWN = 200;

/** Node's error codes for a rejected certificate: by its authority, and by its host name. */
const UNTRUSTED = /^(?:SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_|CERT_)/;
const MISNAMED = 'ERR_TLS_CERT_ALTNAME_INVALID';

const NO_REDIS = 'Unknown RESP type';

/** A plain address, or instance, that leads to one node of a cluster, which has some of the keys at most. */
export class ClusterNodeError extends Error {
  override readonly name = 'ClusterNodeError';
  constructor() {
    super(
      'is a node of a Redis Cluster: configure redis: { cluster: [url] }, or REDIS_CLUSTER in place of REDIS_URL',
    );
  }
}

/** Errors that a retry cannot fix: wrong credentials, a server with another protocol, or a node of a cluster. */
export const refusesLogin = (error: Error): boolean =>
  error instanceof ClusterNodeError ||
  error.message.startsWith(NO_REDIS) ||
  (isRefusal(error) && /^(?:NOAUTH|WRONGPASS) /.test(error.message));

/** Why there is no connection, as the predicate of a sentence about Redis: `did not answer: ECONNREFUSED`. */
export function connectionTrouble(cause: unknown): string {
  if (cause instanceof ClusterNodeError) return cause.message;
  const { message, code } = cause as NodeJS.ErrnoException;
  const why = (message || code || String(cause)).slice(0, SHOWN);
  if (why.startsWith(NO_REDIS)) return 'is not a Redis server (unexpected protocol)';
  if (code === MISNAMED) return `has a certificate for another host: ${why}`;
  if (code && UNTRUSTED.test(code))
    return `has an untrusted certificate (a private authority is named by NODE_EXTRA_CA_CERTS): ${why}`;
  return isRefusal(cause) ? refusedConnection(why) : `did not answer: ${why}`;
}

function refusedConnection(answer: string): string {
  const code = refusalCode(answer);
  if (code === 'NOAUTH') return 'requires a password: put it in the URL, redis://:<password>@<host> (NOAUTH)';
  if (code === 'WRONGPASS') return 'refused the user name or the password (WRONGPASS)';
  return `refused the connection: ${answer}`;
}
