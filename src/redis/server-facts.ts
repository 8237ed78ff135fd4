import type { Redis } from 'ioredis';
import { isRefusal } from './errors.ts';
import { toMap } from './flat-pairs.ts';

/** Facts about a Redis server. Managed ones forbid some of the commands. */
export interface RedisFacts {
  /** Fields of INFO; undefined if forbidden. */
  info: ReadonlyMap<string, string> | undefined;
  /** Settings from CONFIG GET; undefined if forbidden. */
  config: ReadonlyMap<string, string> | undefined;
}

const SETTINGS = [
  'appendfsync',
  'cluster-require-full-coverage',
  'hash-max-listpack-entries',
  'hash-max-listpack-value',
  'min-replicas-to-write',
];

export async function readRedisFacts(redis: Redis): Promise<RedisFacts> {
  const [info, config] = await Promise.all([
    unlessForbidden(async () => parseInfo(await redis.info())),
    unlessForbidden(async () => pairs(await redis.call('CONFIG', 'GET', ...SETTINGS))),
  ]);
  return { info, config };
}

/** Only a reply of Redis means that the command is forbidden; a lost connection is a different failure. */
async function unlessForbidden<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (isRefusal(error)) return undefined;
    throw error;
  }
}

function parseInfo(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return fields;
}

/** Parses alternating names and values (RESP2) or an object (RESP3). */
function pairs(answer: unknown): Map<string, string> {
  if (!Array.isArray(answer)) return new Map(Object.entries(answer as Record<string, string>));
  return toMap(answer.map(String));
}
