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
import type { FindCampaign } from './campaign-content.ts';
import { type ChannelQueue, channelQueue } from './channel-queue.ts';
import { createJobDelivery, type PartialJobs } from './deliver-job.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { Envelope, Pipeline } from './envelope.ts';
import { foldDispositions, type Verb } from './fold-dispositions.ts';
import { guardScripts } from './guarded-scripts.ts';
import { CAMPAIGN_JOB, isPart, MESSAGES_JOB } from './job-ids.ts';
import { LONGEST_BLOCK_S, MessageWorker } from './message-worker.ts';
import { openJob } from './open-job.ts';
import { openQueue } from './open-queue.ts';
import { createPickupRoom } from './pickup-room.ts';
import type { ReadContext } from './read-message.ts';
import { createSurplus } from './surplus.ts';

/** Processes the jobs of one channel, so many messages at a time, and applies the resulting verb to each job. */
export interface ChannelWorker {
  readonly queue: ChannelQueue;
  /** Starts or stops picking up jobs; jobs in progress continue. */
  pull(on: boolean): void;
  /** The number of jobs in progress. */
  active(): number;
  /** Whether it could pick up one more. */
  hasRoom(): boolean;
  /** When a job was last picked up, by the monotonic clock. */
  lastPickupAt(): number;
  /** Resets the stall count of jobs that were left to stall while this worker is alive. */
  resetStalls(): Promise<void>;
  /** Stops picking up jobs and waits for those in progress; hangs while Redis is unreachable. */
  close(): Promise<void>;
  /** Releases everything at once; jobs in progress stall and are redelivered to another worker. */
  abandon(): void;
}

export interface ChannelWorkerDeps {
  channel: string;
  /** The name of the store whose queue it is. */
  store: string;
  concurrency: number;
  /** Starts its messages, and those of the channel's other shards. */
  dispatcher: Dispatcher;
  /** How many jobs beyond the concurrency it may hold, at this moment (`surplus.ts`). */
  beyond(): number;
  redis: Redis;
  partialJobs: PartialJobs;
  /** What parsing its jobs requires. */
  reading: ReadContext;
  campaigns: FindCampaign;
  pipeline: Pipeline;
  /** Yields between parsing jobs, so that a large one does not block the others. */
  turns: Turns;
  clock: StoreClock;
  logger: Logger;
  /** Called with errors of BullMQ's own loops: of the connection, mostly. */
  reportError(error: Error): void;
}

/** The interval of BullMQ's check for stalled jobs. With the job lock, the jobs of a dead worker are redelivered after 15 to 19 s. */
const STALLED_INTERVAL_MS = 4_000;
/** The pause after consecutive jobs that failed because of the store, doubled with each. */
const FAILED_PAUSE_MS = 25;
const FAILED_PAUSE_CAP_MS = 2_000;
/** The pause after a store error in BullMQ's own loop. */
const RUN_RETRY_MS = 1_000;
/** Disables BullMQ's limit, at which it would fail the job without calling the processor: the pipeline counts the stalls instead. */
const MAX_STALLED = 1_000_000_000;
/** BullMQ applies a rest only to workers with a limiter, so this limiter never limits. */
const NO_LIMIT = { max: 1_000_000_000, duration: 1_000 };
/** How often a resting worker checks whether it may resume: a close or a resume must not wait longer. */
const REST_CHECK_MS = 1_000;
/** The length of BullMQ's stream of queue events, which Herald does not read. */
const EVENTS_KEPT = 100;
const HAND_BACK: Verb = { kind: 'hand_back' };

/** A job of a campaign has many recipients, unless one has left it for a job of its own. */
const isOfMany = ({ name, id = '' }: Job): boolean =>
  name === MESSAGES_JOB || (name === CAMPAIGN_JOB && !isPart(id));

export function createChannelWorker(deps: ChannelWorkerDeps): ChannelWorker {
  const { redis, pipeline, clock, reportError } = deps;
  const logger = deps.logger.child({ channel: deps.channel });
  guardScripts(redis);
  const queue = openQueue(redis, deps.store, { streams: { events: { maxLen: EVENTS_KEPT } } });
  let pulling = false;
  let active = 0;
  let lastPickupAt = clock.monotonic();
  /** The number of consecutive jobs that failed because of the store. */
  let failures = 0;
  /** Jobs of many that are held; jobs that have stalled. */
  let [many, stalled] = [0, 0];
  /** Jobs left to stall while this worker is alive. */
  let left = new Set<string>();

  const dispatcher = deps.dispatcher.lane(() => room.started());
  const delivery = createJobDelivery({
    dispatcher,
    pipeline,
    // If this machine's clock was stepped, BullMQ may have promoted a job too early.
    pulling: () => pulling && clock.agrees(),
    partialJobs: deps.partialJobs,
    clock,
    turns: deps.turns,
  });

  const room = createPickupRoom({
    concurrency: deps.concurrency,
    backlog: dispatcher.backlog,
    wake: () => worker.wake(),
  });

  const surplus = createSurplus({
    // None beside a job that has stalled: it may take its worker down, and what waits behind it would count that as a stall.
    allowed: () => (stalled > 0 ? 0 : deps.beyond()),
    held: () => active - deps.concurrency - many,
    handBack: delivery.handBackLast,
  });

  async function deliver(job: Job<string>): Promise<Verb> {
    const ofMany = isOfMany(job);
    if (ofMany) room.opened();
    // A pause does not cancel BullMQ's pending fetch of the next job, which may still return one.
    if (!pulling || !clock.agrees()) return HAND_BACK;
    // A job that has stalled is not handed back: that would reset its count, and a message that kills its workers would go on doing so.
    if (ofMany && room.isFull() && job.stalledCounter === 0) return HAND_BACK;
    return ofMany ? await deliverMany(job) : await deliverAll(await openJob(job, deps));
  }

  const deliverAll = async (envelope: Envelope): Promise<Verb> =>
    foldDispositions(await delivery.deliver(envelope), clock.now());

  async function deliverMany(job: Job<string>): Promise<Verb> {
    const envelope = await room.reading(() => openJob(job, deps));
    holdMany(1);
    try {
      return await deliverAll(envelope);
    } finally {
      holdMany(-1);
    }
  }

  /**
   * BullMQ's concurrency counts jobs. A job of many that is held must not take the place of another job, so BullMQ may pick up one
   * more for each.
   */
  function holdMany(by: number): void {
    many += by;
    if (by > 0) worker.wake();
  }

  async function processJob(job: Job<string>, token: string): Promise<void> {
    const hasStalled = job.stalledCounter > 0 ? 1 : 0;
    active += 1;
    stalled += hasStalled;
    lastPickupAt = clock.monotonic();
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
      // If the store fails every job at once, an immediate next pickup would be a busy loop.
      if (failures > 1) await pause(Math.min(FAILED_PAUSE_MS * 2 ** failures, FAILED_PAUSE_CAP_MS));
      throw leaveToStall();
    } finally {
      active -= 1;
      stalled -= hasStalled;
    }
  }

  const worker = new MessageWorker(queueName(deps.store), (job, token) => processJob(job, token ?? ''), {
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
    maximumRateLimitDelay: REST_CHECK_MS,
    removeOnComplete: { count: 0 },
  });
  worker.holdBeyond(() => many + surplus.allowed());
  worker.pickUpWhile(room.mayPickUp);
  worker.pauseAfterErrors();
  worker.onPickup = (job) => {
    if (isOfMany(job)) room.pickedUp();
  };
  worker.mayFollow = (job) => !isOfMany(job) || room.mayPickUp();
  worker.on('error', reportError);
  queue.on('error', reportError);

  return {
    queue: channelQueue(queue, redis),
    pull(on) {
      pulling = on;
      // BullMQ forgets the jobs that it had picked up for a worker that is paused.
      room.reset();
      if (!on) delivery.handBack();
      if (on === (worker.isRunning() && !worker.isPaused())) return;
      if (!on) void worker.pause(true);
      else if (worker.isPaused()) void worker.resume();
      else worker.run().catch(reportError);
    },
    active: () => active,
    hasRoom: () => active < worker.concurrency && !room.isFull(),
    lastPickupAt: () => lastPickupAt,
    async resetStalls() {
      const reset = left;
      left = new Set();
      try {
        for (const id of reset) await redis.hdel(queue.toKey(id), 'stc');
      } catch (error) {
        for (const id of reset) left.add(id);
        throw error;
      }
    },
    async close() {
      pulling = false;
      delivery.handBack();
      await worker.close();
      await queue.close();
    },
    abandon: () => worker.abandon(),
  };
}
