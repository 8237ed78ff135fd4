import type { BulkJobOptions, Job, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { isUnknownScript } from '../redis/errors.ts';
import { MESSAGE_JOB } from './job-ids.ts';
import { openQueue } from './open-queue.ts';

/** A message on its way into the queue of its channel. */
export interface NewJob {
  /** The message's own name. */
  id: string;
  jobId: string;
  /** The caller named it: it may be a duplicate, an id of ours cannot. */
  ownId: boolean;
  /** The job's data: what was given, with version and id. */
  message: object & { priority?: number | undefined };
  /** From now to `sendAt`; 0 when it may go at once. */
  delayMs: number;
}

/** The producer's side of the queues: one BullMQ queue a channel, on a connection that somebody else owns. */
export interface Queues {
  /**
   * Adds the messages, all of one channel. Safe to repeat: a job that exists already is left as it is.
   * @returns for each, in order, whether it was taken; false means that its id is taken by a job that is not done
   */
  add(channel: string, messages: readonly NewJob[]): Promise<boolean[]>;
  /** For each, in order, whether its id is taken by a job that is not done. */
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
      // An add that deduplication dropped hands back the job that was there first.
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
 * Somebody flushed the scripts while the batch was on its way. A command alone brings its script along; several at a time
 * would rely on the one that the first of them brought, and calls of others on this connection do.
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

/** Only what differs from BullMQ's defaults: options are stored with every job. Retries are the worker's affair. */
function jobOptions({ id, jobId, ownId, delayMs, message }: NewJob): BulkJobOptions {
  return {
    jobId,
    ...(ownId ? { deduplication: { id } } : {}),
    ...(delayMs > 0 ? { delay: delayMs } : {}),
    ...(message.priority ? { priority: message.priority } : {}),
  };
}
