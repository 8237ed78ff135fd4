import { setTimeout as wait } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { createProducer, type MessageInput } from '../src/app.ts';
import { MESSAGE_JOB } from '../src/jobs/job-ids.ts';
import { PREFIX, queueName } from '../src/redis/keys.ts';
import { CHANNELS, type Channel } from './channels.ts';
import type { Order } from './messages.ts';

/** Carries out orders, by Herald's own producer and as a foreign one that only knows the wire contract. */
export interface Orders {
  /** `<channel> <message>` of whatever Redis acknowledged: it must not get lost. */
  readonly acknowledged: ReadonlySet<string>;
  /** Orders that were carried out; each has a name of its own among the acknowledged. */
  readonly carriedOut: number;
  /** Messages that were told to be there already, and jobs that were added for them all the same. */
  readonly repeated: { refused: number; foreign: number };
  /** What was sent, by id. */
  readonly sent: ReadonlyMap<string, MessageInput>;
  carryOut(orders: readonly Order[]): Promise<void>;
  /**
   * What an application does after its Redis forgot: sends by their ids what it knows no end of. Resolves with how many
   * were not in the queue any more.
   */
  sendAgain(isFinal: (id: string) => boolean): Promise<number>;
  /** A foreign job of so many bytes, which nobody can deliver. */
  poison(channel: Channel, bytes: number): Promise<void>;
  /** BullMQ's own pause. */
  pause(channel: Channel): Promise<void>;
  resume(channel: Channel): Promise<void>;
  close(): Promise<void>;
}

/** Longer than any outage. */
const TIMEOUT_MS = 60_000;
const AGAIN_MS = 250;
type SendResult = Awaited<ReturnType<ReturnType<typeof createProducer>['send']>>;

/** @param redis the address that the producer uses, which may be a faulty proxy; `straight` is a good one */
export function openOrders(redis: string, straight: string): Orders {
  const acknowledged = new Set<string>();
  const sent = new Map<string, MessageInput>();
  const underWay = new Set<Promise<unknown>>();
  const repeated = { refused: 0, foreign: 0 };
  let carriedOut = 0;
  const producer = createProducer({
    redis,
    channels: CHANNELS.map(({ name }) => name),
    timeoutMs: TIMEOUT_MS,
  });
  const connection = new Redis(straight, { maxRetriesPerRequest: null });
  connection.on('error', () => {}); // Redis is killed again and again.
  const queues = new Map(
    CHANNELS.map((channel) => [channel, new Queue(queueName(channel.name), { connection, prefix: PREFIX })]),
  );
  for (const queue of queues.values()) queue.on('error', () => {});

  async function addForeign(channel: Channel, data: unknown, name?: string): Promise<void> {
    const job = await persistently(() => queues.get(channel)!.add(MESSAGE_JOB, data));
    acknowledged.add(`${channel.name} ${name ?? job.id}`);
  }

  const produce = (messages: readonly MessageInput[], onResult: (result: SendResult) => void) =>
    persistently(() =>
      producer.sendMany(messages, {
        onResult(result) {
          acknowledged.add(`${result.id.replace(/-\d+$/, '')} ${result.id}`);
          onResult(result);
        },
      }),
    );

  async function carryOut(orders: readonly Order[]): Promise<void> {
    const own = orders.filter((order) => order.kind === 'message');
    for (const { id, message } of own) sent.set(id, message);
    const messages = own.flatMap(({ message, again }) =>
      again === 'produced' ? [message, message] : [message],
    );
    const produced = produce(messages, ({ status }) => {
      if (status === 'duplicate') repeated.refused += 1;
    });
    const foreign = orders.map(async (order) => {
      if (order.kind === 'garbage') return addForeign(order.channel, order.data);
      if (order.again !== 'foreign') return;
      repeated.foreign += 1;
      await addForeign(order.channel, { v: 1, ...order.message }, order.id);
    });
    await Promise.all([produced, ...foreign]);
    carriedOut += orders.length;
  }

  return {
    acknowledged,
    repeated,
    get carriedOut() {
      return carriedOut;
    },
    sent,
    carryOut(orders) {
      const carrying = carryOut(orders).finally(() => underWay.delete(carrying));
      underWay.add(carrying);
      return carrying;
    },
    async sendAgain(isFinal) {
      await Promise.all(underWay);
      const unfinished = [...sent].flatMap(([id, message]) => (isFinal(id) ? [] : [message]));
      let queued = 0;
      await produce(unfinished, ({ status }) => {
        if (status === 'queued') queued += 1;
      });
      return queued;
    },
    async poison(channel, bytes) {
      const content = 'x'.repeat(bytes);
      await addForeign(channel, { v: 1, platform: channel.account, channel: channel.name, content });
      carriedOut += 1;
    },
    pause: (channel) => persistently(() => queues.get(channel)!.pause()),
    resume: (channel) => persistently(() => queues.get(channel)!.resume()),
    async close() {
      await producer.close();
      await Promise.all([...queues.values()].map((queue) => queue.close().catch(() => {})));
      connection.disconnect();
    },
  };
}

/** A store that refuses (full, a replica, one that loads) is asked again, as an application would. */
async function persistently<T>(ask: () => Promise<T>): Promise<T> {
  const until = performance.now() + TIMEOUT_MS;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (performance.now() > until) throw error;
      await wait(AGAIN_MS);
    }
  }
}
