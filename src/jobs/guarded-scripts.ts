import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import { HEAD_BYTES, MAX_DATA_BYTES } from './stored-jobs.ts';

/**
 * Puts Herald's look at a job in front of BullMQ's own scripts, for a connection on which jobs are taken.
 *
 * BullMQ's worker is handed the whole hash of a job, in which a foreign producer may have written anything: options that
 * say what becomes of it, fields that BullMQ cannot parse (the job would stall and be redelivered forever), a hundred megabytes
 * (the worker would die of them). By the time that JavaScript sees the job it is too late, so `pick-up.lua` stands between.
 */
const LIMITS = `local MAX_DATA, HEAD = ${MAX_DATA_BYTES}, ${HEAD_BYTES}\n`;
const PICK_UP = LIMITS + readFileSync(new URL('lua/pick-up.lua', import.meta.url), 'utf8');

/** A worker that brought a job to a result has survived it: what is counted are stalls without one. */
const survived = (key: string): string => `redis.call('HDEL', ${key}, 'stc')\n`;

const BEFORE: Readonly<Record<string, string>> = {
  moveToActive: PICK_UP,
  moveToFinished: PICK_UP,
  moveToDelayed: survived('KEYS[5]'),
  moveJobFromActiveToWait: survived('ARGV[3]'),
};

const guarded = new WeakSet<Redis>();

/** To be called before anything of BullMQ's uses the connection: it defines its scripts once, under `<name>:<version>`. */
export function guardScripts(redis: Redis): void {
  if (guarded.has(redis)) return;
  guarded.add(redis);
  const define = redis.defineCommand.bind(redis);
  redis.defineCommand = (name, definition) => {
    const before = BEFORE[name.split(':')[0] ?? ''];
    define(name, before === undefined ? definition : { ...definition, lua: before + definition.lua });
  };
}
