import type { Redis } from 'ioredis';
import { DEAD_REASONS, type DeadReason } from '../outcome.ts';
import { loadScript } from './script.ts';

/**
 * The index of dead letters: which job died for which reason, and which job a message's name leads to. BullMQ's failed
 * set is the set itself; this only makes it readable by reason without walking it.
 */
const lettersScript = loadScript('letters.lua');

export interface Letter {
  reason: DeadReason;
  /** The message's name. */
  id: string;
  jobId: string;
}

const call = (redis: Redis, base: string, request: object): Promise<unknown> =>
  lettersScript.run(redis, [base], [JSON.stringify(request)]);

/**
 * Those of the jobs that the index does not list.
 * @param failedKey the queue's failed set: then only those that are still in it
 */
export async function unlisted(
  redis: Redis,
  base: string,
  jobIds: readonly string[],
  failedKey?: string,
): Promise<string[]> {
  const request = JSON.stringify({ op: 'missing', ids: jobIds, reasons: DEAD_REASONS });
  const keys = failedKey === undefined ? [base] : [base, failedKey];
  return (await lettersScript.run(redis, keys, [request])) as string[];
}

/** @param at when the message died, milliseconds since the epoch */
export async function listLetter(redis: Redis, base: string, letter: Letter, at: number): Promise<void> {
  await call(redis, base, { op: 'index', ...letter, at });
}

/** @param at drops it only if it is still listed with this death; whatever its death when absent */
export async function dropLetter(redis: Redis, base: string, letter: Letter, at?: number): Promise<void> {
  await call(redis, base, { op: 'drop', ...letter, at });
}

/** For which reason and since when (milliseconds since the epoch) each job is listed; undefined where it is not. */
export async function findDeaths(
  redis: Redis,
  base: string,
  jobIds: readonly string[],
): Promise<({ reason: DeadReason; at: number } | undefined)[]> {
  const reply = await call(redis, base, { op: 'deaths', ids: jobIds, reasons: DEAD_REASONS });
  return (reply as ([DeadReason, string] | null)[]).map((death) =>
    death === null ? undefined : { reason: death[0], at: Number(death[1]) },
  );
}

export const lettersKey = (base: string, reason: DeadReason): string => `${base}:dead:${reason}`;

/** The job that carries the dead letter of this name. */
export const findLetter = (redis: Redis, base: string, id: string): Promise<string | null> =>
  redis.hget(`${base}:dead`, id);

/** Removes the names of letters that are listed for no reason any more: who dropped them did not know the name. */
export async function forgetNames(redis: Redis, base: string): Promise<void> {
  let cursor = '0';
  do {
    const [next, entries] = await redis.hscan(`${base}:dead`, cursor, 'COUNT', 200);
    cursor = next;
    const letters = pairs(entries);
    const jobIds = letters.map(([, jobId]) => jobId);
    const missing = new Set(jobIds.length > 0 ? await unlisted(redis, base, jobIds) : []);
    const names = letters.filter(([, jobId]) => missing.has(jobId)).map(([name]) => name);
    if (names.length > 0) await redis.hdel(`${base}:dead`, ...names);
  } while (cursor !== '0');
}

const pairs = (flat: string[]): [string, string][] =>
  flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1] ?? '']] : []));
