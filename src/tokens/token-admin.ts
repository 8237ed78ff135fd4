import type { Redis } from 'ioredis';
import { HeraldError } from '../error.ts';
import { TOKEN_USES_KEY, TOKENS_KEY } from '../redis/keys.ts';
import { createScript } from '../redis/script.ts';
import { checkRecord, readRecord, type TokenRecord } from './records.ts';
import type { Scope } from './scopes.ts';
import { digestOf, newToken, newTokenId } from './secret.ts';

/** Operations on the tokens of the HTTP API. A token's text is returned once and stored nowhere. */

export interface NewToken {
  name: string;
  scopes: readonly Scope[];
  channels?: readonly string[] | undefined;
  /** Milliseconds since the epoch; never when absent. */
  expiresAt?: number | undefined;
}

export interface TokenOverview {
  id: string;
  name: string;
  scopes: readonly Scope[];
  channels: readonly string[] | undefined;
  createdAt: number;
  expiresAt: number | undefined;
  /** To within a minute; undefined if never. */
  lastUsedAt: number | undefined;
  /** Two after a rotation: the former secret is valid until it is dropped. */
  secrets: number;
}

/** A new token with its text, which is not available again. */
export interface IssuedToken {
  id: string;
  token: string;
}

export class UnknownTokenError extends HeraldError {
  override readonly name = 'UnknownTokenError';
  readonly code = 'HERALD_UNKNOWN_TOKEN';
  constructor(id: string) {
    super(`No token has the id ${JSON.stringify(id)}`);
  }
}

/** Replaces a record if it is unchanged since it was read: concurrent rotations must not lose a secret. */
const replace = createScript(`
  if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
  return 1
`);

/** @throws TypeError that names the field, for a token that could not be used */
export async function createToken(redis: Redis, token: NewToken, now: number): Promise<IssuedToken> {
  const id = newTokenId();
  const text = newToken(id);
  const { name, scopes, channels, expiresAt } = token;
  const secrets = [{ sha256: digestOf(text), createdAt: now }];
  const record = checkRecord({ name, scopes, channels, expiresAt, createdAt: now, secrets });
  await redis.hset(TOKENS_KEY, id, JSON.stringify(record));
  return { id, token: text };
}

/** Sorted by name. */
export async function listTokens(redis: Redis): Promise<TokenOverview[]> {
  const [texts, uses] = await Promise.all([redis.hgetall(TOKENS_KEY), redis.hgetall(TOKEN_USES_KEY)]);
  return Object.entries(texts)
    .flatMap(([id, text]) => {
      const record = readRecord(text);
      return record ? [overview(id, record, uses[id])] : [];
    })
    .sort((a, b) => a.name.localeCompare(b.name, 'en'));
}

const overview = (
  id: string,
  { secrets, ...record }: TokenRecord,
  use: string | undefined,
): TokenOverview => ({
  id,
  name: record.name,
  scopes: record.scopes,
  channels: record.channels,
  createdAt: record.createdAt,
  expiresAt: record.expiresAt,
  lastUsedAt: use === undefined ? undefined : Number(use),
  secrets: secrets.length,
});

/** From then on it opens nothing, in any process. @returns whether there was one */
export async function revokeToken(redis: Redis, id: string): Promise<boolean> {
  const removed = await redis.hdel(TOKENS_KEY, id);
  await redis.hdel(TOKEN_USES_KEY, id);
  return removed === 1;
}

/**
 * Gives the token another secret; the one that it had is valid until `dropFormerSecret` or the next rotation.
 * @throws UnknownTokenError
 */
export async function rotateToken(redis: Redis, id: string, now: number): Promise<IssuedToken> {
  const token = newToken(id);
  await change(redis, id, ({ secrets, ...record }) => ({
    ...record,
    secrets: [{ sha256: digestOf(token), createdAt: now }, ...secrets.slice(0, 1)],
  }));
  return { id, token };
}

/**
 * Ends the validity of the secret from before the last rotation.
 * @throws UnknownTokenError
 */
export async function dropFormerSecret(redis: Redis, id: string): Promise<void> {
  await change(redis, id, ({ secrets, ...record }) => ({ ...record, secrets: secrets.slice(0, 1) }));
}

async function change(redis: Redis, id: string, to: (record: TokenRecord) => TokenRecord): Promise<void> {
  for (;;) {
    const text = await redis.hget(TOKENS_KEY, id);
    const record = readRecord(text);
    if (text === null || !record) throw new UnknownTokenError(id);
    const changed = await replace.run(redis, [TOKENS_KEY], [id, text, JSON.stringify(to(record))]);
    if (changed === 1) return;
  }
}
