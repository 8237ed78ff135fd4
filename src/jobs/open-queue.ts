import { Queue, type QueueOptions } from 'bullmq';
import type { Redis } from 'ioredis';
import { PREFIX, queueName } from '../redis/keys.ts';

/**
 * BullMQ's queue of a channel, on a connection that somebody else owns. The options are for those that add or look; a
 * worker's queue says otherwise what it needs.
 */
export function openQueue(
  connection: Redis,
  channel: string,
  options: Partial<QueueOptions> = LOOKING,
): Queue {
  const queue = new Queue(queueName(channel), { connection, prefix: PREFIX, ...options });
  // The owner of the connection handles its errors; a queue without a listener would print them.
  queue.on('error', () => {});
  return queue;
}

/**
 * Without these, BullMQ waits without end for a Redis that is away, and a failed look at its version is for good. The
 * queue's own settings (the length of its event stream) are the worker's to write.
 */
const LOOKING: Partial<QueueOptions> = {
  skipWaitingForReady: true,
  skipVersionCheck: true,
  skipMetasUpdate: true,
};
