import { setTimeout as pause } from 'node:timers/promises';
import type { Job } from 'bullmq';
import type { Redis } from 'ioredis';
import { JOB_LOCK_MS } from '../config/channels.ts';
import type { Logger } from '../observe/log.ts';
import { refusesWrites } from '../redis/errors.ts';
import { PREFIX, queueName } from '../redis/keys.ts';
import type { StoreClock } from '../redis/store-clock.ts';
import type { Turns } from '../turns.ts';
import { applyVerb, isSignal, leaveToStall } from './apply-verb.ts';
import { type ChannelQueue, channelQueue } from './channel-queue.ts';
import type { Pipeline, QueuedJob } from './envelope.ts';
import { foldDispositions, type Verb } from './fold-dispositions.ts';
import { guardScripts } from './guarded-scripts.ts';
import { LONGEST_BLOCK_S, MessageWorker } from './message-worker.ts';
import { openQueue } from './open-queue.ts';
import { type ReadContext, readEnvelope } from './read-envelope.ts';

/** Takes the jobs of one channel out of its queue, as many at a time as the channel allows, and puts each where it belongs. */
export interface ChannelWorker {
  readonly queue: ChannelQueue;
  /** Starts or stops picking up jobs; those picked up continue. */
  pull(on: boolean): void;
  /** Jobs taken and not yet settled. */
  active(): number;
  /** When a job was last taken, by the monotonic clock. */
  lastTakenAt(): number;
  /** Resets the stall count of jobs that were left to stall while this worker is alive. */
  forgiveStalls(): Promise<void>;
  /** Picks up no more jobs and waits for those picked up; hangs while Redis is away. */
  close(): Promise<void>;
  /** Releases everything at once; jobs that were picked up stall and are redelivered elsewhere. */
  abandon(): void;
}

export interface ChannelWorkerDeps {
  channel: string;
  concurrency: number;
  redis: Redis;
  /** What reading its jobs takes. */
  reading: ReadContext;
  pipeline: Pipeline;
  /** In which jobs are read: a long one holds up nobody else. */
  turns: Turns;
  clock: StoreClock;
  logger: Logger;
  /** Called with errors of BullMQ's own loops: of the connection, mostly. */
  reportError(error: Error): void;
}

/** Finds the jobs of a dead worker. With the job lock, its jobs are redelivered after 15 to 19 s. */
const STALLED_INTERVAL_MS = 4_000;
/** After jobs that the store failed, growing with their number in a row. */
const FAILED_PAUSE_MS = 25;
const FAILED_PAUSE_AT_MOST_MS = 2_000;
/** After an error of the store in BullMQ's own loop. */
const RUN_RETRY_MS = 1_000;
/** BullMQ fails a job that stalled too often without calling the processor: the pipeline counts the stalls instead. */
const MAX_STALLED = 1_000_000_000;
/** A rest works only on workers with a limiter, so this one limits nothing. */
const NO_LIMIT = { max: 1_000_000_000, duration: 1_000 };
/** How often a resting worker checks whether it may resume: a close or a resume must not wait longer. */
const REST_LOOK_MS = 1_000;
/** BullMQ's stream of queue events, which nothing here reads. */
const EVENTS_KEPT = 100;

export function createChannelWorker(deps: ChannelWorkerDeps): ChannelWorker {
  const { redis, pipeline, clock, reportError } = deps;
  const logger = deps.logger.child({ channel: deps.channel });
  guardScripts(redis);
  const queue = openQueue(redis, deps.channel, { streams: { events: { maxLen: EVENTS_KEPT } } });
  let pulling = false;
  let active = 0;
  let lastTakenAt = clock.monotonic();
  /** Jobs in a row that the store failed. */
  let failures = 0;
  /** Jobs left to stall while this worker is alive. */
  let left = new Set<string>();

  async function deliver(job: Job<string>): Promise<Verb> {
    // A pause does not end the question for a next job that BullMQ has asked already: its answer may come any time.
    // Nor may one that BullMQ brought up by a clock that was stepped just now be taken.
    if (!pulling || !clock.agrees()) return { kind: 'hand_back' };
    const envelope = await deps.turns(() => readEnvelope(queuedJob(job), deps.reading));
    return foldDispositions(await pipeline.deliver(envelope), clock.now());
  }

  async function take(job: Job<string>, token: string): Promise<void> {
    active += 1;
    lastTakenAt = clock.monotonic();
    try {
      await applyVerb(await deliver(job), job, { queue, token, clock });
      failures = 0;
    } catch (error) {
      if (isSignal(error)) {
        failures = 0;
        throw error;
      }
      if (refusesWrites(error)) reportError(error);
      else
        logger.error({ job_id: job.id, error: String(error) }, 'job left to stall; it will be redelivered');
      left.add(job.id ?? '');
      failures += 1;
      // Where every job fails at once, the next one must not be taken at once.
      if (failures > 1) await pause(Math.min(FAILED_PAUSE_MS * 2 ** failures, FAILED_PAUSE_AT_MOST_MS));
      throw leaveToStall();
    } finally {
      active -= 1;
    }
  }

  const worker = new MessageWorker(queueName(deps.channel), (job, token) => take(job, token ?? ''), {
    connection: redis,
    prefix: PREFIX,
    autorun: false,
    drainDelay: LONGEST_BLOCK_S,
    concurrency: deps.concurrency,
    lockDuration: JOB_LOCK_MS,
    stalledInterval: STALLED_INTERVAL_MS,
    maxStalledCount: MAX_STALLED,
    runRetryDelay: RUN_RETRY_MS,
    limiter: NO_LIMIT,
    maximumRateLimitDelay: REST_LOOK_MS,
    removeOnComplete: { count: 0 },
  });
  worker.on('error', reportError);
  queue.on('error', reportError);

  return {
    queue: channelQueue(queue, redis),
    pull(on) {
      pulling = on;
      if (on === (worker.isRunning() && !worker.isPaused())) return;
      if (!on) void worker.pause(true);
      else if (worker.isPaused()) void worker.resume();
      else worker.run().catch(reportError);
    },
    active: () => active,
    lastTakenAt: () => lastTakenAt,
    async forgiveStalls() {
      const forgiven = left;
      left = new Set();
      try {
        for (const id of forgiven) await redis.hdel(queue.toKey(id), 'stc');
      } catch (error) {
        for (const id of forgiven) left.add(id);
        throw error;
      }
    },
    async close() {
      await worker.close();
      await queue.close();
    },
    abandon() {
      worker.abandon();
    },
  };
}

/** What `pick-up.lua` lets through of a job's hash. */
const queuedJob = (job: Job<string>): QueuedJob => ({
  id: job.id ?? '',
  text: job.data,
  size: Number(job.progress) || undefined,
  timestamp: job.timestamp,
  pickups: job.attemptsStarted,
  stalls: job.stalledCounter,
});
