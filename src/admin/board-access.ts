import { createHash, randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { boardLinkKey, boardSessionKey, TOKENS_KEY } from '../redis/keys.ts';
import { storeTime } from '../redis/store-clock.ts';
import { readRecord } from '../tokens/records.ts';
import { type Actor, recorderOf } from './audit.ts';
import type { Session } from './session.ts';

/** Who may see the board, and change what it shows. Secrets are handed out once; Redis stores only their hashes. */

export const BOARD_ROLES = ['read', 'operate'] as const;
export type BoardRole = (typeof BOARD_ROLES)[number];

export interface BoardUser {
  /** The name in the audit. */
  name: string;
  role: BoardRole;
  /** The channels that the user may see; null for all. */
  channels: readonly string[] | null;
  /** The id of the API token in Redis that the user signed in with: the session ends with it. */
  token?: string | undefined;
  /** The SHA-256, in hexadecimal, of the configured token that the user signed in with. */
  configured?: string | undefined;
}

export interface BoardAccess {
  /**
   * Creates a secret with which one person can sign in once.
   * @param forMs how long it is valid
   */
  createLink(user: BoardUser, forMs: number, by: Actor): Promise<string>;
  /** Signs in with the secret of a link, which uses it up; undefined if it is unknown, used or expired. */
  redeemLink(secret: string, sessionMs: number): Promise<string | undefined>;
  /** Signs somebody in. @returns the session's secret, which ends after `sessionMs` */
  signIn(user: BoardUser, sessionMs: number): Promise<string>;
  /** The user of a session; undefined if it has ended. */
  userOf(secret: string): Promise<BoardUser | undefined>;
  signOut(secret: string): Promise<void>;
}

const SECRET_BYTES = 32;
const SECRET = /^[\w-]{43}$/;

const newSecret = (): string => randomBytes(SECRET_BYTES).toString('base64url');
const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');

export function boardAccess(run: Session['run']): BoardAccess {
  async function open(redis: Redis, user: BoardUser, sessionMs: number): Promise<string> {
    const secret = newSecret();
    await redis.set(boardSessionKey(hashOf(secret)), JSON.stringify(user), 'PX', sessionMs);
    const actor = { via: 'board', name: user.name } as const;
    await recorderOf(actor)({ directory: redis }, { action: 'board.sign_in', target: user.role });
    return secret;
  }
  return {
    createLink: (user, forMs, by) =>
      run(async (at) => {
        const secret = newSecret();
        await at.directory.set(boardLinkKey(hashOf(secret)), JSON.stringify(user), 'PX', forMs);
        await recorderOf(by)(at, { action: 'board.link', target: `${user.name} (${user.role})` });
        return secret;
      }),
    redeemLink: (secret, sessionMs) =>
      run(async ({ directory }) => {
        const user = SECRET.test(secret)
          ? parseUser(await directory.getdel(boardLinkKey(hashOf(secret))))
          : undefined;
        return user && (await open(directory, user, sessionMs));
      }),
    signIn: (user, sessionMs) => run(({ directory }) => open(directory, user, sessionMs)),
    userOf: (secret) =>
      run(async ({ directory }) => {
        if (!SECRET.test(secret)) return undefined;
        const user = parseUser(await directory.get(boardSessionKey(hashOf(secret))));
        return user && (await holds(directory, user)) ? user : undefined;
      }),
    signOut: (secret) =>
      run(async ({ directory }) => void (await directory.del(boardSessionKey(hashOf(secret))))),
  };
}

/** Undefined for a record of another version: nobody signs in with it. */
function parseUser(text: string | null): BoardUser | undefined {
  if (text === null) return undefined;
  const { name, role, channels, token, configured } = JSON.parse(text) as Partial<BoardUser>;
  const known = BOARD_ROLES.find((each) => each === role);
  if (!known || typeof name !== 'string') return undefined;
  if (channels !== null && !Array.isArray(channels)) return undefined;
  return { name, role: known, channels, token, configured };
}

async function holds(directory: Redis, { token }: BoardUser): Promise<boolean> {
  if (token === undefined) return true;
  const record = readRecord(await directory.hget(TOKENS_KEY, token));
  return (
    record !== undefined && (await storeTime(directory)) < (record.expiresAt ?? Number.POSITIVE_INFINITY)
  );
}
