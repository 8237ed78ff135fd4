import type { Redis } from 'ioredis';
import { coalesce } from '../ledger/coalesce.ts';
import { blamesAnEntry } from '../redis/errors.ts';
import { behindPickUp } from './guarded-scripts.ts';

/** A job that has ended, and whether the worker takes another one in its place. */
export interface EndedJob {
  id: string;
  /** With which it was picked up, and which locks the next one too. */
  token: string;
  takesNext: boolean;
}

/**
 * What comes in the place of a job: `next`, what pick-up.lua lets a worker see of a job that was picked up; `empty`, nothing until a delayed
 * job is due (milliseconds since the epoch, 0 without one); `ask`, perhaps another, which BullMQ's script has to pick up; `nothing`, as
 * none was wanted. `unusual`: the job was not completed, and BullMQ's script has to do it.
 */
export type Following =
  | { kind: 'next'; id: string; fields: Readonly<Record<string, string>> }
  | { kind: 'empty'; until: number }
  | { kind: 'ask' | 'nothing' | 'unusual' };

/**
 * Completes a job without a result and removes it.
 * @throws Error if the job was not completed: its lock is lost, or it is gone
 */
export type FinishJob = (job: EndedJob) => Promise<Following>;

export interface FinishJobOptions {
  /** The full name of a key of the queue. */
  toKey(name: string): string;
  /** How long a lock is held, in milliseconds. */
  lockMs: number;
  /** BullMQ's limit of jobs, which a queue that rests has reached. */
  limit: number;
}

/** A script holds the store for some 0.05 ms a job, and for longer where the jobs that follow are large. */
const MAX_JOINED = 40;

const KEYS = [
  'wait',
  'active',
  'prioritized',
  'events',
  'stalled',
  'limiter',
  'delayed',
  'meta',
  'marker',
  'pc',
];
const COMMAND = 'heraldFinish';
/** The codes of finish.lua; those below zero are BullMQ's. */
const [UNUSUAL, ASK, EMPTY] = [1, 2, 3];
const ERRORS: Readonly<Record<number, string>> = {
  [-1]: 'Missing key',
  [-2]: 'Missing lock',
  [-3]: 'Not active',
  [-6]: 'Another worker has the lock',
};

type Answer = Error | [code: number, idOrUntil?: string | number, fields?: string[]];

/**
 * Messages are settled together, so their jobs end together: those that end in the same turn of the event loop, or while a call is under way,
 * share a script call.
 */
export function createFinishJob(redis: Redis, { toKey, lockMs, limit }: FinishJobOptions): FinishJob {
  redis.defineCommand(COMMAND, { lua: behindPickUp('finish.lua'), numberOfKeys: KEYS.length });
  const keys = KEYS.map(toKey);

  async function finish(jobs: readonly EndedJob[]): Promise<Answer[]> {
    const args = [...keys, toKey(''), Date.now(), lockMs, limit];
    for (const { id, token, takesNext } of jobs) args.push(id, token, takesNext ? 1 : 0);
    const commands = redis as unknown as Record<string, (...args: unknown[]) => Promise<Answer[]>>;
    return await commands[COMMAND]!(...args);
  }
  const { call } = coalesce(finish, { max: MAX_JOINED, refusedByStore: blamesAnEntry });

  return async (job) => {
    const answer = await call(job);
    if (answer instanceof Error) throw answer;
    const [code, id, fields] = answer;
    if (code < 0) throw new Error(`${ERRORS[code] ?? `Error ${code}`} for job ${job.id}`);
    return followingOf(code, id, fields);
  };
}

function followingOf(code: number, idOrUntil: string | number = '', fields?: string[]): Following {
  if (code === UNUSUAL) return { kind: 'unusual' };
  if (code === ASK) return { kind: 'ask' };
  if (code === EMPTY) return { kind: 'empty', until: Number(idOrUntil) };
  if (fields === undefined) return { kind: 'nothing' };
  return { kind: 'next', id: `${idOrUntil}`, fields: objectOf(fields) };
}

function objectOf(flat: readonly string[]): Record<string, string> {
  const object: Record<string, string> = {};
  for (let i = 0; i + 1 < flat.length; i += 2) object[flat[i]!] = flat[i + 1]!;
  return object;
}
