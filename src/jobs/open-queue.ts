import { Queue, type QueueOptions } from 'bullmq';
import type { Redis } from 'ioredis';
import { channelKey, PREFIX, queueName } from '../redis/keys.ts';
import { declareAbsentKey } from './guarded-scripts.ts';

/**
 * Opens the BullMQ queue of a store, by its name, on a connection that the caller owns. The default options are for adding and
 * inspecting jobs; a worker passes its own.
 */
export function openQueue(
  connection: Redis,
  store: string,
  options: Partial<QueueOptions> = CLIENT_OPTIONS,
): Queue {
  declareAbsentKey(connection, channelKey(store));
  const queue = new Queue(queueName(store), { connection, prefix: PREFIX, ...options });
  // The owner of the connection handles its errors; a queue without a listener would print them.
  queue.on('error', () => {});
  return queue;
}

/**
 * Without these, BullMQ waits forever for a Redis that is unreachable, and does not retry a failed check of its version.
 * Only workers write the settings of the queue (the length of its event stream).
 */
const CLIENT_OPTIONS: Partial<QueueOptions> = {
  skipWaitingForReady: true,
  skipVersionCheck: true,
  skipMetasUpdate: true,
};
