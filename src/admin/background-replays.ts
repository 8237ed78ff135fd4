import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { DeadReason } from '../outcome.ts';
import { ENDED_REPLAYS_KEY, FORMER_REPLAYS_KEY, OPEN_REPLAYS_KEY, replayKey } from '../redis/keys.ts';
import { storeTime } from '../redis/store-clock.ts';
import { type Actor, recorderOf } from './audit.ts';
import { listAnew, type Wanted, wantReplay } from './replay-record.ts';
import type { Session } from './session.ts';

/**
 * Replays of dead letters in the background. The scope of a replay, what operators want of it and its progress are in Redis, so that it
 * outlives the process that runs it (`replay-runner.ts`).
 */

/** The dead letters of a background replay: those that died up to an instant, so that it ends. Milliseconds since the epoch. */
export interface ReplayScope {
  channels: readonly string[];
  /** Every reason that can be replayed when empty. */
  reasons: readonly DeadReason[];
  /** An error text; of any when absent. */
  detail?: string | undefined;
  /** The id of a campaign; of all messages when absent. */
  campaign?: string | undefined;
  since: number | null;
  until: number;
}

export interface BackgroundReplay {
  id: string;
  scope: ReplayScope;
  perSecond: number;
  by: Actor;
  /** How many dead letters it began with. */
  letters: number;
  startedAt: number;
  endedAt: number | null;
  state: Wanted | 'done';
  replayed: number;
  /** Replayed by others or delivered meanwhile. */
  gone: number;
  /** Not replayed: these stay dead letters. */
  failed: number;
  /** When the last processed letter died: those that died earlier are done. */
  position: number | null;
}

export type ReplayOrder = 'pause' | 'resume' | 'cancel';

const WANTED: Readonly<Record<ReplayOrder, Wanted>> = {
  pause: 'paused',
  resume: 'running',
  cancel: 'cancelled',
};

export interface BackgroundReplays {
  /** The latest first: all that have not ended, and of the others, which are kept for a week, the last to end. */
  list(): Promise<BackgroundReplay[]>;
  show(id: string): Promise<BackgroundReplay | undefined>;
  start(order: Pick<BackgroundReplay, 'scope' | 'perSecond' | 'by' | 'letters'>): Promise<string>;
  /** @returns false if it has ended, or does not exist */
  control(id: string, order: ReplayOrder, by: Actor): Promise<boolean>;
}

const ENDED_LISTED = 50;

export const backgroundReplays = (run: Session['run']): BackgroundReplays => ({
  list: () => run(({ directory }) => listReplays(directory)),
  show: (id) => run(({ directory }) => readReplay(directory, id)),
  start: (order) =>
    run(async ({ directory }) => {
      const id = randomBytes(6).toString('hex');
      const now = await storeTime(directory);
      const fields = {
        scope: JSON.stringify(order.scope),
        perSecond: order.perSecond,
        by: JSON.stringify(order.by),
        letters: order.letters,
        startedAt: now,
        wanted: 'running',
      };
      await directory.multi().hset(replayKey(id), fields).zadd(OPEN_REPLAYS_KEY, now, id).exec();
      return id;
    }),
  control: (id, order, by) =>
    run(async (at) => {
      const replay = await readReplay(at.directory, id);
      if (!replay || !(await wantReplay(at.directory, id, WANTED[order]))) return false;
      const { channels } = replay.scope;
      await recorderOf(by)(at, { action: `replay.${order}`, channels, target: id });
      return true;
    }),
});

async function listReplays(redis: Redis): Promise<BackgroundReplay[]> {
  const ended = await redis.zrevrange(ENDED_REPLAYS_KEY, 0, ENDED_LISTED - 1);
  const read = await Promise.all(ended.map((id) => readReplay(redis, id)));
  const replays = [...(await openReplays(redis)), ...read.filter((replay) => replay !== undefined)];
  return replays.toSorted((a, b) => b.startedAt - a.startedAt);
}

/** All that have not ended. */
export async function openReplays(redis: Redis): Promise<BackgroundReplay[]> {
  await takeOver(redis);
  const ids = await redis.zrevrange(OPEN_REPLAYS_KEY, 0, -1);
  const read = await Promise.all(ids.map((id) => readReplay(redis, id)));
  const lost = ids.filter((_, i) => read[i] === undefined);
  if (lost.length > 0) await redis.zrem(OPEN_REPLAYS_KEY, ...lost);
  return read.filter((replay) => replay !== undefined);
}

/** Each time, since processes of the version before may begin replays until the last of them is gone. */
async function takeOver(redis: Redis): Promise<void> {
  for (const id of await redis.zrevrange(FORMER_REPLAYS_KEY, 0, -1)) await listAnew(redis, id);
}

export async function readReplay(redis: Redis, id: string): Promise<BackgroundReplay | undefined> {
  const fields = await redis.hgetall(replayKey(id));
  if (fields['scope'] === undefined || fields['by'] === undefined) return undefined;
  const number = (name: string): number => Number(fields[name] ?? 0);
  const endedAt = number('endedAt') || null;
  const wanted = Object.values(WANTED).find((state) => state === fields['wanted']) ?? 'running';
  return {
    id,
    scope: JSON.parse(fields['scope']) as ReplayScope,
    by: JSON.parse(fields['by']) as Actor,
    perSecond: number('perSecond'),
    letters: number('letters'),
    startedAt: number('startedAt'),
    endedAt,
    state: endedAt !== null && wanted !== 'cancelled' ? 'done' : wanted,
    replayed: number('replayed'),
    gone: number('gone'),
    failed: number('failed'),
    position: number('position') || null,
  };
}
