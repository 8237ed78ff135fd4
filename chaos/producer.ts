import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { createProducer } from '../src/app.ts';
import { MESSAGE_JOB, PREFIX, queueName } from '../src/jobs/queues.ts';
import { LANES, type Lane } from './lanes.ts';
import type { Order } from './messages.ts';

/** Carries out orders, by Herald's own producer and as a foreign one that only knows the wire contract. */
export interface Orders {
  /** `<channel> <message>` of whatever Redis acknowledged: it must not get lost. */
  readonly acknowledged: ReadonlySet<string>;
  /** Orders that were carried out; each has a name of its own among the acknowledged. */
  readonly carriedOut: number;
  /** Messages that were told to be there already, and jobs that were added for them all the same. */
  readonly repeated: { refused: number; foreign: number };
  carryOut(orders: readonly Order[]): Promise<void>;
  close(): Promise<void>;
}

/** Longer than any outage. */
const TIMEOUT_MS = 60_000;

/** @param redis the address that the producer uses, which may be a bad line; `straight` is a good one */
export function openOrders(redis: string, straight: string): Orders {
  const acknowledged = new Set<string>();
  const repeated = { refused: 0, foreign: 0 };
  let carriedOut = 0;
  const producer = createProducer({
    redis,
    channels: LANES.map(({ name }) => name),
    timeoutMs: TIMEOUT_MS,
  });
  const connection = new Redis(straight, { maxRetriesPerRequest: null });
  connection.on('error', () => {}); // Redis is killed again and again.
  const queues = new Map(
    LANES.map((lane) => [lane, new Queue(queueName(lane.name), { connection, prefix: PREFIX })]),
  );
  for (const queue of queues.values()) queue.on('error', () => {});

  async function addForeign(lane: Lane, data: unknown, name?: string): Promise<void> {
    const job = await queues.get(lane)?.add(MESSAGE_JOB, data);
    acknowledged.add(`${lane.name} ${name ?? job?.id}`);
  }

  return {
    acknowledged,
    repeated,
    get carriedOut() {
      return carriedOut;
    },
    async carryOut(orders) {
      const own = orders.filter((order) => order.kind === 'message');
      const messages = own.flatMap(({ message, again }) =>
        again === 'produced' ? [message, message] : [message],
      );
      const produced = producer.sendMany(messages, {
        onResult({ status, id }) {
          if (status === 'duplicate') repeated.refused += 1;
          acknowledged.add(`${id.replace(/-\d+$/, '')} ${id}`);
        },
      });
      const foreign = orders.map(async (order) => {
        if (order.kind === 'garbage') return addForeign(order.lane, order.data);
        if (order.again !== 'foreign') return;
        repeated.foreign += 1;
        await addForeign(order.lane, { v: 1, ...order.message }, order.id);
      });
      await Promise.all([produced, ...foreign]);
      carriedOut += orders.length;
    },
    async close() {
      await producer.close();
      await Promise.all([...queues.values()].map((queue) => queue.close().catch(() => {})));
      connection.disconnect();
    },
  };
}
