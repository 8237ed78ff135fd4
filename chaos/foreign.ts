import { Queue } from 'bullmq';
import { MESSAGE_JOB, MESSAGES_JOB } from '../src/jobs/job-ids.ts';
import { PREFIX, queueName } from '../src/redis/keys.ts';
import { CHANNELS, type Channel } from './channels.ts';
import type { BatchOrder } from './orders.ts';
import { persistently } from './persistently.ts';
import type { Way } from './stores/store.ts';

/** Somebody who adds jobs with BullMQ and only knows the wire contract, and who pauses queues. */
export interface ForeignProducer {
  /** @returns the job's id */
  add(channel: Channel, data: unknown): Promise<string>;
  /** Adds a job of many. @returns its id */
  addMany(batch: Pick<BatchOrder, 'channel' | 'messages' | 'garbage' | 'options'>): Promise<string>;
  /** BullMQ's own pause. */
  pause(channel: Channel): Promise<void>;
  resume(channel: Channel): Promise<void>;
  isPaused(channel: Channel): Promise<boolean>;
  close(): Promise<void>;
}

export function openForeignProducer(way: Pick<Way, 'connect'>): ForeignProducer {
  const connections = CHANNELS.map(({ name }) => way.connect(name));
  const queues = new Map(
    CHANNELS.map((channel, i) => {
      const connection = connections[i]!;
      return [channel, new Queue(queueName(channel.name), { connection, prefix: PREFIX })];
    }),
  );
  for (const queue of queues.values()) queue.on('error', () => {});

  async function add(channel: Channel, name: string, data: unknown, options: object = {}): Promise<string> {
    const job = await persistently(() => queues.get(channel)!.add(name, data, options));
    return job.id ?? '';
  }

  return {
    add: (channel, data) => add(channel, MESSAGE_JOB, data),
    addMany({ channel, messages, garbage, options }) {
      const all = [...garbage, ...messages.map(({ message }) => message)];
      return add(channel, MESSAGES_JOB, { v: 1, messages: all }, options);
    },
    pause: (channel) => persistently(() => queues.get(channel)!.pause()),
    resume: (channel) => persistently(() => queues.get(channel)!.resume()),
    isPaused: (channel) => queues.get(channel)!.isPaused(),
    async close() {
      await Promise.all([...queues.values()].map((queue) => queue.close().catch(() => {})));
      for (const connection of connections) connection.disconnect();
    },
  };
}
