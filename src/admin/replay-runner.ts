import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { RedisUnreachableError } from '../redis/connection-errors.ts';
import { replayKey, replayLeaseKey } from '../redis/keys.ts';
import { storeTime } from '../redis/store-clock.ts';
import type { Admin } from './admin.ts';
import { type BackgroundReplay, listReplays, readReplay } from './background-replays.ts';
import type { Session } from './session.ts';

/**
 * Carries out background replays, each in one process at a time: that process holds a lease, and another goes on from the
 * last position once it has run out. Two at a time would only count twice, since a replay is atomic for each dead letter.
 */

/** How often a process looks for replays that nobody has. */
const LOOK_MS = 2_000;
/** How often one that carries a replay out reports, and asks whether to go on. */
const REPORT_MS = 500;
const LEASE_MS = 5_000;

interface RunnerParts {
  run: Session['run'];
  admin: Pick<Admin, 'as'>;
  /** Told of what kept a replay from going on; it is tried again. */
  onError(error: unknown): void;
}

/** Runs until the signal, and resolves once nothing is under way. */
export async function runReplays({ run, admin, onError }: RunnerParts, signal: AbortSignal): Promise<void> {
  const me = randomBytes(8).toString('hex');
  const inHand = new Map<string, Promise<void>>();
  while (!signal.aborted) {
    try {
      for (const replay of await run(({ directory }) => listReplays(directory))) {
        if (replay.state !== 'running' || inHand.has(replay.id)) continue;
        if (!(await run(({ directory }) => takeLease(directory, replay.id, me)))) continue;
        const carrying = carryOut(replay, { run, admin, signal, me })
          .catch(onError)
          .finally(() => inHand.delete(replay.id));
        inHand.set(replay.id, carrying);
      }
    } catch (error) {
      // That Redis is away is told by whoever has more to do there.
      if (!(error instanceof RedisUnreachableError)) onError(error);
    }
    await pause(LOOK_MS, undefined, { signal }).catch(() => {});
  }
  await Promise.all(inHand.values());
}

const takeLease = async (redis: Redis, id: string, me: string): Promise<boolean> =>
  (await redis.set(replayLeaseKey(id), me, 'PX', LEASE_MS, 'NX')) === 'OK';

interface Carrying {
  run: Session['run'];
  admin: Pick<Admin, 'as'>;
  signal: AbortSignal;
  me: string;
}

/** Goes on from the replay's position until it is through, or an operator or the end of the process stops it. */
async function carryOut(listed: BackgroundReplay, { run, admin, signal, me }: Carrying): Promise<void> {
  const { id } = listed;
  // What was read before the lease was taken may be older than where the last holder got to.
  const replay = (await run(({ directory }) => readReplay(directory, id))) ?? listed;
  const stop = new AbortController();
  const progress = createProgress();
  const watching = watch(async () => {
    const goesOn = await run(({ directory }) => reportAndAsk(directory, id, me, progress.take()));
    if (!goesOn || signal.aborted) stop.abort();
  }, stop);
  try {
    const { scope, perSecond, by, position } = replay;
    const since = position ?? scope.since;
    const acting = admin.as(by);
    const known = new Set((await acting.channels.list()).map(({ name }) => name));
    const { interrupted } = await acting.deadLetters.replay(
      {
        // One that was forgotten meanwhile does not keep the others.
        channels: scope.channels.filter((name) => known.has(name)),
        ...(scope.reasons.length > 0 && { reasons: scope.reasons }),
        detail: scope.detail,
        campaign: scope.campaign,
        ...(since !== null && { since: new Date(since) }),
        until: new Date(scope.until),
      },
      { perSecond, signal: stop.signal, onStep: progress.step },
    );
    await run(({ directory }) => release(directory, id, progress.take(), !interrupted));
  } finally {
    stop.abort();
    await watching;
  }
}

/** Calls until the controller is aborted; a call that fails aborts it. */
async function watch(look: () => Promise<void>, stop: AbortController): Promise<void> {
  while (!stop.signal.aborted) {
    await pause(REPORT_MS, undefined, { signal: stop.signal }).catch(() => {});
    if (!stop.signal.aborted) await look().catch(() => stop.abort());
  }
}

interface Steps {
  replayed: number;
  gone: number;
  failed: number;
  position: number;
}

const KINDS = {
  replayed: 'replayed',
  alreadyReplayed: 'gone',
  alreadyDelivered: 'gone',
  failed: 'failed',
} as const;

/** What was done since it was last taken. */
function createProgress() {
  const none = (): Steps => ({ replayed: 0, gone: 0, failed: 0, position: 0 });
  let steps = none();
  return {
    step({ diedAt }: { diedAt: number }, { kind }: { kind: keyof typeof KINDS }): void {
      steps[KINDS[kind]] += 1;
      steps.position = Math.max(steps.position, diedAt);
    },
    take(): Steps {
      const taken = steps;
      steps = none();
      return taken;
    },
  };
}

/** Writes down the steps, and keeps the lease. @returns whether the replay is to go on, by this process */
async function reportAndAsk(redis: Redis, id: string, me: string, steps: Steps): Promise<boolean> {
  await report(redis, id, steps);
  const lease = replayLeaseKey(id);
  const [holder, wanted] = [await redis.get(lease), await redis.hget(replayKey(id), 'wanted')];
  if (holder !== null && holder !== me) return false;
  await redis.set(lease, me, 'PX', LEASE_MS);
  return wanted === 'running';
}

async function report(redis: Redis, id: string, { position, ...counts }: Steps): Promise<void> {
  const key = replayKey(id);
  const writes = redis.multi();
  for (const [name, count] of Object.entries(counts)) if (count > 0) writes.hincrby(key, name, count);
  if (position > 0) writes.hset(key, 'position', position);
  await writes.exec();
}

async function release(redis: Redis, id: string, steps: Steps, through: boolean): Promise<void> {
  await report(redis, id, steps);
  if (through) await redis.hset(replayKey(id), 'endedAt', await storeTime(redis));
  await redis.del(replayLeaseKey(id));
}
