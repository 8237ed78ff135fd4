import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { RedisUnreachableError } from '../redis/connection-errors.ts';
import { replayKey, replayLeaseKey } from '../redis/keys.ts';
import { createScript } from '../redis/script.ts';
import type { Admin } from './admin.ts';
import { openReplays, readReplay } from './background-replays.ts';
import { finishReplay, listAnew, reportReplay, type Steps } from './replay-record.ts';
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
  /** Of replays that were let go of: Redis may not have taken all of it, and another process may have them by now. */
  const unwritten = new Set<Progress>();
  // That Redis is away is told by whoever has more to do there.
  const tell = (error: unknown): void => {
    if (!(error instanceof RedisUnreachableError)) onError(error);
  };
  async function writeRest(): Promise<void> {
    for (const progress of unwritten) {
      const writing = run(({ directory }) => progress.write(directory));
      await writing.then(() => unwritten.delete(progress), tell);
    }
  }
  function begin(id: string): Promise<void> {
    const progress = createProgress(id);
    return carryOut(id, { run, admin, signal, me, progress })
      .catch(onError)
      .finally(() => {
        inHand.delete(id);
        unwritten.add(progress);
      });
  }
  while (!signal.aborted) {
    try {
      await writeRest();
      for (const replay of await run(({ directory }) => openReplays(directory))) {
        // By a process of the version before, which does not know the list of those that have ended.
        const isOver = replay.state === 'done' || replay.state === 'cancelled';
        if (isOver) await run(({ directory }) => listAnew(directory, replay.id));
        if (replay.state !== 'running' || inHand.has(replay.id)) continue;
        if (!(await run(({ directory }) => takeLease(directory, replay.id, me)))) continue;
        inHand.set(replay.id, begin(replay.id));
      }
    } catch (error) {
      tell(error);
    }
    await pause(LOOK_MS, undefined, { signal }).catch(() => {});
  }
  await Promise.all(inHand.values());
}

const takeLease = async (redis: Redis, id: string, me: string): Promise<boolean> =>
  (await redis.set(replayLeaseKey(id), me, 'PX', LEASE_MS, 'NX')) === 'OK';

/** Extends the holder's lease, or gives it back for 0 ms. Leaves that of another, who has taken it since this one's ran out. */
const leaseScript = createScript(`
  local holder = redis.call('GET', KEYS[1])
  if holder and holder ~= ARGV[1] then return 0 end
  if ARGV[2] == '0' then return redis.call('DEL', KEYS[1]) end
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return 1`);

/** @returns false if another process has the lease */
const keepLease = async (redis: Redis, id: string, me: string): Promise<boolean> =>
  (await leaseScript.run(redis, [replayLeaseKey(id)], [me, String(LEASE_MS)])) === 1;

async function release(redis: Redis, id: string, me: string): Promise<void> {
  await leaseScript.run(redis, [replayLeaseKey(id)], [me, '0']);
}

interface Carrying {
  run: Session['run'];
  admin: Pick<Admin, 'as'>;
  signal: AbortSignal;
  me: string;
  progress: Progress;
}

/** Goes on from the replay's position until it is through, or an operator or the end of the process stops it. */
async function carryOut(id: string, carrying: Carrying): Promise<void> {
  const { run, admin, signal, me, progress } = carrying;
  // What was read before the lease was taken may be older than where the last holder got to, and than what an operator wants.
  const replay = await run(({ directory }) => readReplay(directory, id));
  if (replay?.state !== 'running') return await run(({ directory }) => release(directory, id, me));
  const stop = new AbortController();
  const watching = watch(async () => {
    const goesOn = await run(({ directory }) => reportAndAsk(directory, id, me, progress));
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
    await run(async ({ directory }) => {
      await progress.write(directory);
      if (!interrupted) await finishReplay(directory, id);
      await release(directory, id, me);
    });
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

const KINDS = {
  replayed: 'replayed',
  alreadyReplayed: 'gone',
  alreadyDelivered: 'gone',
  failed: 'failed',
} as const;

/** What was done of a replay, and is not written down yet. */
interface Progress {
  step(letter: { diedAt: number }, step: { kind: keyof typeof KINDS }): void;
  /** What cannot be written down is kept for the next time. */
  write(redis: Redis): Promise<void>;
}

function createProgress(id: string): Progress {
  const none = (): Steps => ({ replayed: 0, gone: 0, failed: 0, position: 0 });
  let steps = none();
  return {
    step({ diedAt }, { kind }) {
      steps[KINDS[kind]] += 1;
      steps.position = Math.max(steps.position, diedAt);
    },
    async write(redis) {
      const taken = steps;
      steps = none();
      try {
        await reportReplay(redis, id, taken);
      } catch (error) {
        steps = sum(taken, steps);
        throw error;
      }
    },
  };
}

const sum = (a: Steps, b: Steps): Steps => ({
  replayed: a.replayed + b.replayed,
  gone: a.gone + b.gone,
  failed: a.failed + b.failed,
  position: Math.max(a.position, b.position),
});

/** Writes down the steps, and keeps the lease. @returns whether the replay is to go on, by this process */
async function reportAndAsk(redis: Redis, id: string, me: string, progress: Progress): Promise<boolean> {
  await progress.write(redis);
  if (!(await keepLease(redis, id, me))) return false;
  return (await redis.hget(replayKey(id), 'wanted')) === 'running';
}
