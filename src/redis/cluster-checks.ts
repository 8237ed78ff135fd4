import type { Redis } from 'ioredis';
import { type Check, failed, ok, warning } from '../check.ts';
import type { RedisFacts } from './server-facts.ts';

/** Checks a Redis Cluster as a whole, and merges the checks of its masters. */

const SLOTS = 16_384;

/** @returns none on a server that is not part of a cluster */
export async function clusterChecks(redis: Redis, { info, config }: RedisFacts): Promise<Check[]> {
  if (info?.get('redis_mode') !== 'cluster') return [];
  const fields = parse(String(await redis.cluster('INFO')));
  return [state(fields), coverage(config?.get('cluster-require-full-coverage'))];
}

function state(fields: ReadonlyMap<string, string>): Check {
  const [state, served] = [fields.get('cluster_state'), Number(fields.get('cluster_slots_ok'))];
  const masters = fields.get('cluster_size');
  if (state === 'ok' && served === SLOTS)
    return ok('cluster', `ok, ${masters} masters serve all ${SLOTS} slots.`);
  const unserved = SLOTS - served;
  return failed(
    'cluster',
    `cluster_state is ${state}, and ${unserved} of ${SLOTS} slots are not served: the channels in them wait; ` +
      'bring their masters back, or promote a replica.',
  );
}

function coverage(required: string | undefined): Check {
  const name = 'coverage';
  if (required === 'no') return ok(name, 'a master that is away holds up its own channels alone.');
  if (required === undefined)
    return warning(name, 'cluster-require-full-coverage could not be read: make sure that it is no.');
  return warning(
    name,
    'a master that is away holds up all channels until its replica takes over: set cluster-require-full-coverage to no.',
  );
}

/** A finding that is the same on all masters is listed once; any other names its masters. */
export function sideBySide(masters: readonly { name: string; checks: readonly Check[] }[]): Check[] {
  const found = new Map<string, { check: Check; of: string[] }>();
  for (const { name, checks } of masters) {
    for (const check of checks) {
      const key = JSON.stringify(check);
      const same = found.get(key) ?? { check, of: [] };
      same.of.push(name);
      found.set(key, same);
    }
  }
  return [...found.values()]
    .map(({ check, of }) =>
      of.length === masters.length ? check : { ...check, text: `${of.join(', ')}: ${check.text}` },
    )
    .toSorted((a, b) => order(masters, a) - order(masters, b));
}

/** The position of a check among those of a server. */
function order(masters: readonly { checks: readonly Check[] }[], { name }: Check): number {
  return Math.max(...masters.map(({ checks }) => checks.findIndex((check) => check.name === name)));
}

function parse(text: string): Map<string, string> {
  return new Map(text.split(/\r?\n/).map((line) => line.split(':', 2) as [string, string]));
}
