import { Redis } from 'ioredis';
import { Pool } from 'undici';
import { type BenchMessage, REQUEST_HEADERS, REQUEST_PATH, requestBody } from '../messages.ts';

/** A queue with its worker, or what stands for one. Each part runs in a process of its own. */
export interface Contender {
  /** Opens what enqueues; absent where nothing is queued. @param url of the store */
  openSender?(url: string): Promise<Sender>;
  /** Delivers until the process ends. Resolves once it takes messages. */
  work(place: Place): Promise<void>;
  /** How many messages that worker has delivered so far, where it can tell. */
  delivered?(): Promise<number>;
}

export interface Sender {
  /** One message; resolves when it is stored. */
  send(message: BenchMessage): Promise<unknown>;
  /** Many, in the fastest way that it has. */
  sendAll(messages: Iterable<BenchMessage>): Promise<unknown>;
  close(): Promise<unknown>;
}

export interface Place {
  /** Of the store; empty where there is none. Of a cluster: those of its nodes, separated by commas. */
  url: string;
  /** Where messages are delivered. */
  sink: string;
  /** How many messages there are, warm-up included. */
  count: number;
  /** Requests a second, of all workers together; as many as they can when absent. */
  perSecond?: number | undefined;
  /** Over which the channel's recipients are spread; one store when absent. */
  shards?: number | undefined;
}

/** Requests under way at a time, of every contender. */
export const CONCURRENCY = 100;
/** Messages a call, of those that enqueue or fetch in batches. */
export const BATCH = 500;
/** Messages a call of BullMQ's `addBulk`. */
export const BULK = 1_000;

/** A connection as BullMQ's workers want it. */
export const connect = (url: string): Redis => new Redis(url, { maxRetriesPerRequest: null });

export const openPool = (sink: string): Pool => new Pool(sink, { connections: CONCURRENCY, pipelining: 1 });

/** Sends messages without any rule. @throws Error for any answer but 200 */
export function plainSend(sink: string): (message: BenchMessage) => Promise<void> {
  const pool = openPool(sink);
  return async (message) => {
    const { statusCode, body } = await pool.request({
      method: 'POST',
      path: REQUEST_PATH,
      headers: REQUEST_HEADERS,
      body: requestBody(message),
    });
    await body.dump();
    if (statusCode !== 200) throw new Error(`the sink answered ${statusCode}`);
  };
}
