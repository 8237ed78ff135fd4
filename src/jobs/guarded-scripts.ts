import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import { joinedScript, joinFinishes } from './joined-finishes.ts';
import { HEAD_BYTES, MAX_DATA_BYTES } from './stored-jobs.ts';

/**
 * Puts Herald's filter of job fields in front of BullMQ's scripts, on a connection that picks up jobs.
 *
 * BullMQ's worker receives the whole hash of a job, in which a foreign producer may have written anything: options that
 * decide how the job ends, fields that BullMQ cannot parse (the job would stall and be redelivered forever), a hundred
 * megabytes (the worker would run out of memory). In JavaScript it would be too late, so `pick-up.lua` filters them in Redis.
 */
const LIMITS = `local MAX_DATA, HEAD = ${MAX_DATA_BYTES}, ${HEAD_BYTES}\n`;
const PICK_UP = LIMITS + readFileSync(new URL('lua/pick-up.lua', import.meta.url), 'utf8');

/** Resets the stall counter when a worker has brought a job to a result: only stalls in a row count. */
const survived = (key: string): string => `redis.call('HDEL', ${key}, 'stc')\n`;

const BEFORE: Readonly<Record<string, string>> = {
  moveToActive: PICK_UP,
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
    const script = name.split(':')[0] ?? '';
    const before = BEFORE[script];
    if (script === 'moveToFinished') defineJoined(name, definition);
    else define(name, before === undefined ? definition : { ...definition, lua: before + definition.lua });
  };

  function defineJoined(name: string, { lua, numberOfKeys: keys = 0 }: Definition): void {
    define(name, { lua: joinedScript(PICK_UP, lua), numberOfKeys: keys });
    const commands = commandsOf(redis);
    const finish = joinFinishes(commands[name]!.bind(redis), keys);
    commands[name] = (...args) => finish(listed(args));
  }
}

type Definition = Parameters<Redis['defineCommand']>[1];

/** Its commands, which BullMQ calls with one list, or with an argument each. */
const commandsOf = (redis: Redis) =>
  redis as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;

const listed = (args: readonly unknown[]): readonly unknown[] =>
  args.length === 1 && Array.isArray(args[0]) ? args[0] : args.flat();

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
  const commands = commandsOf(redis);
  redis.defineCommand = (name, definition) => {
    const { numberOfKeys: count } = definition;
    if (count === undefined) return define(name, definition);
    define(name, { ...definition, numberOfKeys: count + 1 });
    const run = commands[name]!.bind(redis);
    commands[name] = (...args) => run(listed(args).toSpliced(count, 0, absent));
  };
}
