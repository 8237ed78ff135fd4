import type { Clock } from '../clock.ts';
import { readRecord } from './records.ts';
import type { Access, Scope } from './scopes.ts';
import { digestOf, sameDigest, tokenIdOf } from './secret.ts';

/** Verifies tokens. Every request asks Redis, so a revocation takes effect at once. */

/** A token of the configuration, which may be any text: only its SHA-256 is kept. */
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
  /** Records a use, without waiting for Redis. */
  used(id: string, at: number): void;
}

export interface VerifierParts {
  configured: readonly ConfiguredToken[];
  store: TokenStore;
  clock: Pick<Clock, 'now'>;
}

/** @returns undefined for a text that is no token, and for an unknown, revoked or expired one; clients are not told which */
export type Verify = (token: string) => Promise<Access | undefined>;

/** The least time between two recorded uses of a token. */
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
    // Compares all of them, so that the time does not reveal which one matched.
    if (record.secrets.filter(({ sha256 }) => sameDigest(sha256, digest)).length === 0) return undefined;
    noteUse(id, now);
    return { id, name: record.name, scopes: record.scopes, channels: record.channels };
  };
}
