import { readFileSync } from 'node:fs';
import { coalesce } from '../ledger/coalesce.ts';
import { blamesAnEntry } from '../redis/errors.ts';

const FINISH_JOINED = readFileSync(new URL('lua/finish-joined.lua', import.meta.url), 'utf8');

/** A script holds the store for some 0.1 ms a job, and for longer where the jobs that follow are large. */
const MAX_JOINED = 20;

/** The places behind the keys, in BullMQ's script that finishes a job: what all jobs of a call have in common, and what each has. */
const COMMON = [3, 4, 5, 7, 9];
const OWN = [1, 2, 6, 8];
const [VALUE, TARGET, FIELDS] = [4, 5, 9];

/** A command of ioredis: a script's keys and arguments. */
export type ScriptCommand = (args: readonly unknown[]) => Promise<unknown>;

/**
 * The script behind `joinFinishes`.
 * @param before what comes in front of BullMQ's script
 * @param lua BullMQ's script that finishes one job
 */
export const joinedScript = (before: string, lua: string): string =>
  `${before}\nlocal function finish(KEYS, ARGV)\n${lua}\nend\n${FINISH_JOINED}`;

/**
 * Finishes the jobs that are completed in the same turn of the event loop, or while a call is under way, by one script call. BullMQ makes one for
 * each, but messages are settled together, so their jobs end together.
 * @param run the command of `joinedScript`
 * @param keys how many keys it has
 * @returns the command that BullMQ calls for one job
 */
export function joinFinishes(run: ScriptCommand, keys: number): ScriptCommand {
  const argument = (call: readonly unknown[], place: number): unknown => call[keys + place - 1] ?? '';

  async function finish(calls: readonly (readonly unknown[])[]): Promise<unknown[]> {
    const args = calls[0]!.slice(0, keys);
    for (const place of COMMON) args.push(argument(calls[0]!, place));
    for (const call of calls) for (const place of OWN) args.push(argument(call, place));
    return (await run(args)) as unknown[];
  }

  /** Of each queue on the connection, by its list of active jobs. */
  const joined = new Map<unknown, (call: readonly unknown[]) => Promise<unknown>>();
  function joinedOf(active: unknown) {
    const known = joined.get(active);
    if (known) return known;
    const { call } = coalesce(finish, { max: MAX_JOINED, refusedByStore: blamesAnEntry });
    joined.set(active, call);
    return call;
  }

  /** Whether it completes a job without a result, as Herald's jobs all do. */
  const isUsual = (call: readonly unknown[]): boolean =>
    argument(call, TARGET) === 'completed' &&
    argument(call, VALUE) === 'null' &&
    argument(call, FIELDS) === '';

  return async (call) => {
    const answer = isUsual(call) ? await joinedOf(call[1])(call) : (await finish([call]))[0];
    if (answer instanceof Error) throw answer;
    return answer;
  };
}
