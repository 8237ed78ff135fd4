/** Kinds of ioredis errors: a lost connection, an answer of Redis, or something else. */

/** ioredis rejects commands that a lost connection took down with it by these; all else is an answer, or a bug of ours. */
export function isLostConnection(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === 'AbortError' || error.name === 'MaxRetriesPerRequestError') return true;
  return (
    /^(Connection is closed|Stream isn't writeable|Socket timeout)/.test(error.message) || 'syscall' in error
  );
}

/**
 * Redis answered, and with a refusal: `WRONGPASS`, `NOPERM`, `OOM` … The command with all its arguments hangs on the
 * error, so only its text may travel on.
 */
export const isRefusal = (error: unknown): error is Error =>
  error instanceof Error && error.name === 'ReplyError';

/** The script of a command was flushed since it was loaded: nothing was done. */
export const isUnknownScript = (error: unknown): boolean =>
  isRefusal(error) && error.message.startsWith('NOSCRIPT');

/**
 * This server will not do, or not yet, and another one or the same a moment later will: a replica, one that loads, a
 * cluster that moves. Nothing was done.
 */
export const isPassingRefusal = (error: unknown): error is Error =>
  isRefusal(error) && /^(?:READONLY|MASTERDOWN|LOADING|CLUSTERDOWN|TRYAGAIN) /.test(error.message);

/**
 * What a Redis answers that takes no writes for now: it is full, a replica, cannot save, loads, or was taken a right
 * away. Nothing was done, the same will be asked again, and nobody's message is to blame.
 */
const REFUSING =
  /^(?:(?:OOM|READONLY|MISCONF|NOREPLICAS|LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|NOAUTH|NOPERM) |ERR The user executing the script)/;

export const refusesWrites = (error: unknown): error is Error =>
  error instanceof Error && REFUSING.test(error.message);

/** Redis' own code in the text of a refusal, such as `OOM`; `ERR` where it gives none. */
export const refusalCode = (answer: string): string => /^[A-Z]+/.exec(answer)?.[0] ?? 'ERR';

/**
 * The refusal of the database that the connection was to use. ioredis emits it as an event and continues in database 0,
 * which may be another program's.
 */
export const isRefusedDatabase = (error: unknown): error is Error =>
  isRefusal(error) && (error as Error & { command?: { name: string } }).command?.name === 'select';

const SHOWN = 200;

/** Node's names for a certificate that was refused: by its authority, and by the host that it names. */
const UNTRUSTED = /^(?:SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_|CERT_)/;
const MISNAMED = 'ERR_TLS_CERT_ALTNAME_INVALID';

const NO_REDIS = 'Unknown RESP type';

/** What no patience mends: the server asks for other credentials, or speaks another protocol. */
export const refusesLogin = (error: Error): boolean =>
  error.message.startsWith(NO_REDIS) || (isRefusal(error) && /^(?:NOAUTH|WRONGPASS) /.test(error.message));

/** Why there is no connection, as the rest of a sentence that begins with its Redis: `did not answer: ECONNREFUSED`. */
export function connectionTrouble(cause: unknown): string {
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
