import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import { HEAD_BYTES, MAX_DATA_BYTES } from './stored-jobs.ts';

const read = (file: string): string => readFileSync(new URL(`lua/${file}`, import.meta.url), 'utf8');

/**
 * Puts Herald's filter of job fields in front of BullMQ's scripts, on a connection that picks up jobs.
 *
 * BullMQ's worker receives the whole hash of a job, in which a foreign producer may have written anything: options that
 * decide how the job ends, fields that BullMQ cannot parse (the job would stall and be redelivered forever), a hundred
 * megabytes (the worker would run out of memory). In JavaScript it would be too late, so `pick-up.lua` filters them in Redis.
 */
const LIMITS = `local MAX_DATA, HEAD = ${MAX_DATA_BYTES}, ${HEAD_BYTES}\n`;
const PICK_UP = LIMITS + read('pick-up.lua');

/** A script of Herald's own that sees jobs by the same filter. */
export const behindPickUp = (file: string): string => `${PICK_UP}\n${read(file)}`;

/** Resets the stall counter when a worker has brought a job to a result: only stalls in a row count. */
const survived = (key: string): string => `redis.call('HDEL', ${key}, 'stc')\n`;

const BEFORE: Readonly<Record<string, string>> = {
  moveToActive: PICK_UP,
  moveToFinished: PICK_UP,
  moveToDelayed: survived('KEYS[5]'),
  moveJobFromActiveToWait: survived('ARGV[3]'),
};

const guarded = new WeakSet<Redis>();

/** Call before BullMQ uses the connection: it defines its scripts once, as `<name>:<version>`. */
export function guardScripts(redis: Redis): void {
  if (guarded.has(redis)) return;
  guarded.add(redis);
  const define = redis.defineCommand.bind(redis);
  redis.defineCommand = (name, definition) => {
    const before = BEFORE[name.split(':')[0] ?? ''];
    define(name, before === undefined ? definition : { ...definition, lua: before + definition.lua });
  };
}

const declaring = new WeakSet<Redis>();

/**
 * Makes BullMQ's scripts declare one more key, which never exists. These scripts use keys that they do not declare. While a cluster
 * moves their hash slot to another node, such keys may have left already, and a script would fail half-way. Because a declared key is
 * missing, Redis refuses the script before it begins. Call before BullMQ uses the connection; its pipelines are not covered.
 * @param absent a key in the hash slot of the queue
 */
export function declareAbsentKey(redis: Redis, absent: string): void {
  if (declaring.has(redis)) return;
  declaring.add(redis);
  const define = redis.defineCommand.bind(redis);
  const commands = redis as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
  redis.defineCommand = (name, definition) => {
    const { numberOfKeys: count } = definition;
    if (count === undefined) return define(name, definition);
    define(name, { ...definition, numberOfKeys: count + 1 });
    const run = commands[name]!.bind(redis);
    commands[name] = (...args) => run(listed(args).toSpliced(count, 0, absent));
  };
}

/** BullMQ calls its commands with one list, or with an argument each. */
const listed = (args: readonly unknown[]): readonly unknown[] =>
  args.length === 1 && Array.isArray(args[0]) ? args[0] : args.flat();
