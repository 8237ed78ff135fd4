import { type Job, Worker } from 'bullmq';

type RawJob = Parameters<Worker['createJob']>[0];

/** Stands in for the data of a job that is not even JSON: it reads as an invalid message. */
const UNREADABLE = '"not JSON"';

/**
 * BullMQ's worker, able to take up a job whose data cannot be parsed. BullMQ's own throws in that case before the
 * processor is called, so that the job would stall and come back for ever.
 */
export class MessageWorker extends Worker {
  protected override createJob(data: RawJob, jobId: string): Job {
    try {
      return super.createJob(data, jobId);
    } catch {
      return super.createJob({ ...data, data: UNREADABLE, opts: {} }, jobId);
    }
  }

  /**
   * Lets go of the blocking connection and of the timer that renews locks, without a word to Redis. BullMQ's own
   * `close(true)` does neither once a `close()` hangs, and the process would never end by itself.
   */
  abandon(): void {
    void this.lockManager.close();
    this.backend.close(true).catch(() => {});
  }
}
