import { setTimeout as pause } from 'node:timers/promises';
import { type Job, WaitingError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { createFinishJob, type FinishJob } from './finish-jobs.ts';

type RawJob = Parameters<Worker['createJob']>[0];

/** Answers undefined after an error that it only emits. */
type Retry = (run: () => Promise<unknown>, options: object) => Promise<unknown>;

/** BullMQ's queue of jobs that are picked up or processed; those whose promise has resolved wait to be gone on with. */
interface JobsInHand {
  add(nothing: Promise<void>): void;
  numTotal(): number;
  numQueued(): number;
}

/** The delay between retries of BullMQ's own loop while Redis is unreachable. */
const RETRY_PAUSE_MS = 1_000;
export const LONGEST_BLOCK_S = 2;
const NO_RESULT = undefined as unknown as string;
/** BullMQ's script has to pick up the next job. */
const ASK = Symbol('ask');
type Next = Job<string> | undefined | typeof ASK;

/**
 * A BullMQ worker that can pick up a job whose data are not JSON: `data` stays text. BullMQ's own worker throws before it
 * calls the processor, so that the job would stall and be redelivered forever.
 */
export class MessageWorker extends Worker<string> {
  /** Called with each job that was picked up: BullMQ may pick up as many as its concurrency before it processes the first. */
  onPickup: (job: Job<string>) => void = () => {};
  /** Whether another job may be picked up in place of one that is complete. BullMQ fetches that one without asking for room. */
  mayFollow: (job: Job<string>) => boolean = () => true;
  /** Its concurrency, without what it holds beyond. */
  private own = Number.POSITIVE_INFINITY;

  private readonly finish: FinishJob;

  constructor(...[name, processor, options]: ConstructorParameters<typeof Worker<string>>) {
    super(name, processor, options);
    this.finish = createFinishJob(options!.connection as Redis, {
      toKey: (type) => this.toKey(type),
      lockMs: this.opts.lockDuration!,
      limit: this.opts.limiter?.max ?? Number.MAX_SAFE_INTEGER,
    });
  }

  /** As BullMQ's, for jobs that end without a result and are not kept: those that end together are finished together. */
  override async processJob(
    ...[job, token, hasRoom = () => true]: Parameters<Worker<string>['processJob']>
  ): Promise<Job<string> | undefined> {
    const id = job.id ?? '';
    this.lockManager.trackJob(id, token, Date.now());
    let end = (): Promise<Next> => this.complete(job, token, hasRoom);
    try {
      await this.callProcessJob(job, token);
    } catch (error) {
      end = () => this.handleFailed(error as Error, job, token, hasRoom);
    }
    this.lockManager.untrackJob(id);
    const next = await this.retried(end);
    // By itself: if it is repeated, the job is not finished a second time.
    return next === ASK ? await this.retried(() => this.pickUp(token)) : next;
  }

  private async retried<T extends Next>(run: () => Promise<T>): Promise<T | undefined> {
    const retry = (Reflect.get(this, 'retryIfFailed') as Retry).bind(this);
    return (await retry(run, { delayInMs: this.opts.runRetryDelay, onlyEmitError: true })) as T | undefined;
  }

  private async complete(job: Job<string>, token: string, hasRoom: () => boolean): Promise<Next> {
    if (this.backend.closing) return undefined;
    const takesNext = this.mayFollow(job) && hasRoom() && !this.closing && !this.paused;
    const following = await this.finish({ id: job.id ?? '', token, takesNext });
    switch (following.kind) {
      case 'next':
        return this.taken(following.id, following.fields, token);
      case 'ask':
        return ASK;
      case 'unusual':
        return await this.handleCompleted(NO_RESULT, job, token, () => takesNext);
      case 'empty':
        this.updateWaits(following.until);
        return await this.nextJobFromJobData();
      case 'nothing':
        return undefined;
    }
  }

  private async pickUp(token: string): Promise<Job<string> | undefined> {
    return this.closing || this.paused ? undefined : await this.moveToActive(token, this.opts.name);
  }

  /** The queue does not rest. @param until when a delayed job is due; 0 without one */
  private updateWaits(until = 0): void {
    (Reflect.get(this, 'updateDelays') as (restMs: number, until: number) => void).call(this, 0, until);
  }

  private taken(id: string, fields: Readonly<Record<string, string>>, token: string): Job<string> {
    this.updateWaits();
    Reflect.set(this, 'drained', false);
    const job = this.createJob(
      {
        name: fields['name'] ?? '',
        data: fields['data'] || '{}',
        opts: {},
        timestamp: Number.parseInt(fields['timestamp'] ?? '', 10),
        attemptsStarted: Number.parseInt(fields['ats'] ?? '', 10),
        stalledCounter: Number(fields['stc']),
        progress: Number(fields['progress']),
      } as RawJob,
      id,
    );
    job.token = token;
    return job;
  }

  protected override createJob(data: RawJob, jobId: string): Job<string> {
    const job = super.createJob({ ...data, data: '""' }, jobId) as Job<string>;
    job.data = data.data;
    this.onPickup(job);
    return job;
  }

  /**
   * Lets it pick up jobs only while there is room. BullMQ asks whether the queue is rate limited before each pickup, and
   * then waits for a job to finish, or to be woken.
   */
  pickUpWhile(hasRoom: () => boolean): void {
    const isLimited = (Reflect.get(this, 'isRateLimited') as () => boolean).bind(this);
    Reflect.set(this, 'isRateLimited', () => this.keepsWaiting() || !hasRoom() || isLimited());
  }

  /**
   * Whether a job beyond the concurrency has been picked up, or has ended, and waits to be processed. BullMQ picks up as many as it may hold, one
   * call after the other, before it goes on with any.
   */
  private keepsWaiting(): boolean {
    const jobs = Reflect.get(this, 'mainLoopQueue') as JobsInHand | null;
    return jobs !== null && jobs.numQueued() > 0 && jobs.numTotal() > this.own;
  }

  /**
   * Makes BullMQ pause after an error. If it is not an error of the connection, BullMQ asks for the next job again at once: thousands of
   * times a second, while Redis answers with errors.
   */
  pauseAfterErrors(): void {
    const retry = (Reflect.get(this, 'retryIfFailed') as Retry).bind(this);
    const paced: Retry = async (run, options) => {
      let failed = false;
      const result = await retry(async () => {
        failed = true;
        const done = await run();
        failed = false;
        return done;
      }, options);
      if (failed) await this.delay(RETRY_PAUSE_MS);
      return result;
    };
    Reflect.set(this, 'retryIfFailed', paced);
  }

  /**
   * Lets it hold more jobs than its concurrency.
   * @param more how many, at this moment
   */
  holdBeyond(more: () => number): void {
    const own = this.concurrency;
    this.own = own;
    Object.defineProperty(this, '_concurrency', { get: () => own + more() });
  }

  /** Makes the worker look again whether there is room. */
  wake(): void {
    (Reflect.get(this, 'mainLoopQueue') as JobsInHand | null)?.add(Promise.resolve());
  }

  /**
   * Fetches no job in place of one that goes back. BullMQ would fetch the same one, which is now the first of the queue, and so on without
   * end.
   */
  protected override handleFailed(
    ...[error, job, token, fetchNext, span]: Parameters<Worker<string>['handleFailed']>
  ): ReturnType<Worker<string>['handleFailed']> {
    const next = error instanceof WaitingError ? () => false : fetchNext;
    return super.handleFailed(error, job, token, next, span);
  }

  /** Seconds. BullMQ guards its blocking command with a timer, which would outlive a worker closed while Redis is unreachable. */
  override get maximumBlockTimeout(): number {
    return LONGEST_BLOCK_S;
  }

  /** BullMQ's delay between retries, which must not keep the process alive once the worker is closed. */
  override async delay(...[ms, controller]: Parameters<Worker['delay']>): Promise<void> {
    const signal = controller && { signal: controller.signal as AbortSignal };
    await pause(ms || RETRY_PAUSE_MS, undefined, { ref: false, ...signal }).catch(() => {});
  }

  /**
   * Releases the blocking connection and the timers that renew locks and check for stalled jobs, without a command to
   * Redis. BullMQ's `close(true)` does not do so once a `close()` hangs, and the process would not exit.
   */
  abandon(): void {
    void this.lockManager.close();
    (Reflect.get(this, 'stalledCheckStopper') as (() => void) | undefined)?.();
    this.backend.close(true).catch(() => {});
    void this.endForGood();
  }

  /**
   * A blocking command that BullMQ abandoned after some seconds without a reply waits for the connection, and opens a new
   * one when the close ends it, which nothing would close.
   */
  private async endForGood(): Promise<void> {
    const client = (await this.backend.blockingClient?.catch(() => undefined)) as Redis | undefined;
    if (!client) return;
    client.options.retryStrategy = () => null;
    client.on('error', () => {}); // Its connection is being aborted.
    client.on('connect', () => client.disconnect());
  }
}
