import { setTimeout as pause } from 'node:timers/promises';
import { type Job, Worker } from 'bullmq';
import type { Redis } from 'ioredis';

type RawJob = Parameters<Worker['createJob']>[0];

/** Between two tries of BullMQ's own loop, while Redis is away. */
const RETRY_PAUSE_MS = 1_000;
export const LONGEST_BLOCK_S = 2;

/**
 * BullMQ's worker, able to pick up a job whose data cannot be parsed: `data` stays text. BullMQ's own throws in that case
 * before the processor is called, so that the job would stall and be redelivered forever.
 */
export class MessageWorker extends Worker<string> {
  protected override createJob(data: RawJob, jobId: string): Job<string> {
    const job = super.createJob({ ...data, data: '""' }, jobId) as Job<string>;
    job.data = data.data;
    return job;
  }

  /** Seconds. BullMQ watches over its blocking question with a timer that outlives a worker closed without Redis. */
  override get maximumBlockTimeout(): number {
    return LONGEST_BLOCK_S;
  }

  /** BullMQ's pauses between tries, which must not keep a worker alive that has been closed meanwhile. */
  override async delay(...[ms, controller]: Parameters<Worker['delay']>): Promise<void> {
    const signal = controller && { signal: controller.signal as AbortSignal };
    await pause(ms || RETRY_PAUSE_MS, undefined, { ref: false, ...signal }).catch(() => {});
  }

  /**
   * Releases the blocking connection and the timers that renew locks and look for stalled jobs, without a command to
   * Redis. BullMQ's own `close(true)` does none of it once a `close()` hangs, and the process would not end by itself.
   */
  abandon(): void {
    void this.lockManager.close();
    (Reflect.get(this, 'stalledCheckStopper') as (() => void) | undefined)?.();
    this.backend.close(true).catch(() => {});
    void this.endForGood();
  }

  /**
   * A question for a job that BullMQ gave up after some seconds without an answer waits for the connection to be back,
   * and makes a new one when the close ends that: nobody would end it again.
   */
  private async endForGood(): Promise<void> {
    const client = (await this.backend.blockingClient?.catch(() => undefined)) as Redis | undefined;
    if (!client) return;
    client.options.retryStrategy = () => null;
    client.on('error', () => {}); // Its connection is broken off.
    client.on('connect', () => client.disconnect());
  }
}
