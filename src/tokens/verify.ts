import type { Clock } from '../clock.ts';
import { readRecord } from './records.ts';
import type { Access, Scope } from './scopes.ts';
import { digestOf, sameDigest, tokenIdOf } from './secret.ts';

/** Tells who bears a token. Every request asks Redis, so that a revocation holds at once. */

/** A token of the configuration: any text, of which it holds the SHA-256. */
export interface ConfiguredToken {
  name: string;
  /** In hexadecimal. */
  sha256: string;
  scopes: readonly Scope[];
  channels?: readonly string[] | undefined;
}

export interface TokenStore {
  /** The record's text; null for an unknown id. */
  find(id: string): Promise<string | null>;
  /** Remembers a use, at some time. */
  used(id: string, at: number): void;
}

export interface VerifierParts {
  configured: readonly ConfiguredToken[];
  store: TokenStore;
  clock: Pick<Clock, 'now'>;
}

/** @returns undefined for what is no token, is unknown, was revoked or has expired; which of these is nobody's business */
export type Verify = (token: string) => Promise<Access | undefined>;

/** A use is written down at most this often for each token. */
const USE_EVERY_MS = 60_000;

export function createVerifier({ configured, store, clock }: VerifierParts): Verify {
  const notedAt = new Map<string, number>();
  const noteUse = (id: string, now: number): void => {
    if (now - (notedAt.get(id) ?? 0) < USE_EVERY_MS) return;
    notedAt.set(id, now);
    store.used(id, now);
  };
  return async (token) => {
    const digest = digestOf(token);
    const own = configured.filter(({ sha256 }) => sameDigest(sha256, digest))[0];
    if (own) return { id: own.name, name: own.name, scopes: own.scopes, channels: own.channels };
    const id = tokenIdOf(token);
    const record = id === undefined ? undefined : readRecord(await store.find(id));
    const now = clock.now();
    if (id === undefined || !record || now >= (record.expiresAt ?? Number.POSITIVE_INFINITY))
      return undefined;
    // All of them, so that the time does not tell which one it was.
    if (record.secrets.filter(({ sha256 }) => sameDigest(sha256, digest)).length === 0) return undefined;
    noteUse(id, now);
    return { id, name: record.name, scopes: record.scopes, channels: record.channels };
  };
}
