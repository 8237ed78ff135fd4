import type { BulkJobOptions, Job, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { isUnknownScript } from '../redis/errors.ts';
import { MESSAGE_JOB } from './job-ids.ts';
import { openQueue } from './open-queue.ts';

/** A message to be added to the queue of its channel. */
export interface NewJob {
  /** The message's id. */
  id: string;
  jobId: string;
  /** Whether the caller gave the id: only then can it be a duplicate. */
  ownId: boolean;
  /** The job's data: the given message with version and id. */
  message: object & { priority?: number | undefined };
  /** Time from now to `sendAt`; 0 if due at once. */
  delayMs: number;
}

/** A producer's queues: one BullMQ queue per channel, on a connection that the caller owns. */
export interface Queues {
  /**
   * Adds messages of one channel. Idempotent: an existing job is not changed.
   * @returns for each, in order, whether it was added; false if its id belongs to an unfinished job
   */
  add(channel: string, messages: readonly NewJob[]): Promise<boolean[]>;
  /** For each, in order, whether its id belongs to an unfinished job. */
  holds(channel: string, messages: readonly NewJob[]): Promise<boolean[]>;
  close(): Promise<void>;
}

interface Add {
  name: string;
  data: object;
  opts: BulkJobOptions;
}

export function openQueues(connection: Redis): Queues {
  const queues = new Map<string, Queue>();
  const queueOf = (channel: string): Queue => {
    const queue = queues.get(channel) ?? openQueue(connection, channel);
    queues.set(channel, queue);
    return queue;
  };
  return {
    async add(channel, messages) {
      const queue = queueOf(channel);
      const adds = messages.map((prepared) => ({
        name: MESSAGE_JOB,
        data: prepared.message,
        opts: jobOptions(prepared),
      }));
      const jobs = await queue.addBulk(adds).catch((error: unknown) => {
        if (!isUnknownScript(error)) throw error;
        return addOneByOne(queue, adds);
      });
      // An add that was deduplicated returns the existing job.
      return jobs.map((job, index) => job.id === messages[index]!.jobId);
    },
    async holds(channel, messages) {
      const queue = queueOf(channel);
      const held = await Promise.all(
        messages.map(({ id, ownId }) => (ownId ? queue.getDeduplicationJobId(id) : null)),
      );
      return held.map((jobId) => jobId !== null);
    },
    async close() {
      await Promise.all([...queues.values()].map((queue) => queue.close()));
      queues.clear();
    },
  };
}

const SCRIPT_TRIES = 10;

/**
 * Handles scripts that were flushed in the middle of a batch. A single command sends its script along; several at a time
 * would rely on the script that the first of them sends, and so do concurrent calls on this connection.
 */
async function addOneByOne(queue: Queue, adds: readonly Add[]): Promise<Job[]> {
  const jobs: Job[] = [];
  for (const { name, data, opts } of adds) {
    for (let tries = 1; ; tries++) {
      try {
        jobs.push(await queue.add(name, data, opts));
        break;
      } catch (error) {
        if (!isUnknownScript(error) || tries === SCRIPT_TRIES) throw error;
      }
    }
  }
  return jobs;
}

/** Only options that differ from BullMQ's defaults, since they are stored with every job. Retries are up to the worker. */
function jobOptions({ id, jobId, ownId, delayMs, message }: NewJob): BulkJobOptions {
  return {
    jobId,
    ...(ownId ? { deduplication: { id } } : {}),
    ...(delayMs > 0 ? { delay: delayMs } : {}),
    ...(message.priority ? { priority: message.priority } : {}),
  };
}
