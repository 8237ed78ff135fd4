import { Queue, Worker } from 'bullmq';
import { test } from 'vitest';
import { createProducer, type MessageInput } from '../../src/app.ts';
import { type DeadLetterRecord, readDeadLetters } from '../../src/dead-letters/records.ts';
import { MESSAGE_JOB } from '../../src/jobs/job-ids.ts';
import type { Producer } from '../../src/producer/producer.ts';
import type { Receipt } from '../../src/receipts/receipts.ts';
import { channelStore } from '../../src/redis/channel-store.ts';
import { PREFIX, queueName } from '../../src/redis/keys.ts';
import { type SandboxOptions, startRedis } from '../../src/sandbox/index.ts';
import {
  type Environment as BaseEnvironment,
  type LocalOptions as BaseLocalOptions,
  openEnvironment as openBase,
} from '../../testing/environment.ts';
import { eventually, type Patience } from '../../testing/eventually.ts';
import { type FaultyProxy, openFaultyProxy } from '../../testing/faulty-proxy.ts';
import type { LocalWorker } from '../../testing/local-worker.ts';
import { type Tally, tallyOf, tallyOfMetrics } from '../../testing/metrics-parser.ts';
import { requestTimeout } from '../../testing/slowness.ts';
import type { WorkerProcess, WorkerProcessOptions } from '../../testing/worker-process.ts';

export const CHANNEL = 'kongregate';
export const API_KEY = 'sandbox-key';

export interface EnvironmentOptions {
  /** Fields of the channel that differ from the environment's own. */
  channel?: Record<string, unknown>;
  /** Fields of the configuration that differ. */
  config?: Record<string, unknown>;
  sandbox?: SandboxOptions;
  /** Keeps Redis's data through a restart. */
  appendonly?: boolean;
}

/** Whatever tells its metrics: a worker here or in a process of its own. */
export type Counting = LocalWorker | WorkerProcess;

/** One of one test's own, with one channel of Kongregate and a producer. */
export interface Environment extends Pick<BaseEnvironment, 'server' | 'redis' | 'sandbox'> {
  readonly producer: Producer<MessageInput>;
  /** The channel's queue, to look into it and to add jobs as a foreign producer would. */
  readonly queue: Queue;
  /** Of herald.yaml's shape; `channel` overrides the environment's. */
  config(channel?: Record<string, unknown>): Record<string, unknown>;
  /** A worker in this process, running. */
  worker(options?: LocalOptions): Promise<LocalWorker>;
  /** A worker in a process of its own, not waited for. */
  spawn(
    options?: Omit<WorkerProcessOptions, 'config'> & { channel?: Record<string, unknown> },
  ): WorkerProcess;
  /** The platform behind a proxy that refuses every connection until it is told to accept them. */
  refusing(): Promise<Pick<FaultyProxy, 'accept'> & { baseUrl: string }>;
  send(userId: number, fields?: Partial<MessageInput>): Promise<string>;
  addForeign(data: unknown, options?: object): Promise<string>;
  /** A BullMQ worker without a processor, to move jobs by hand. The test closes it. */
  takeOver(): Promise<Worker>;
  receipts(): Promise<Receipt[]>;
  /** How many that are, for who looks again and again. */
  receiptCount(): Promise<number>;
  /** The channel's dead letters, oldest first. */
  letters(): Promise<DeadLetterRecord[]>;
  /** Waits until so many final states are in the receipts and the queue holds nothing but dead letters. */
  settled(count: number, patience?: Patience): Promise<Tally>;
  /** Waits until receipts and `herald_messages_total` of all these workers tell the same, and tells it. */
  agreed(count: number, workers: readonly Counting[], patience?: Patience): Promise<Tally>;
  close(): Promise<void>;
}

export interface LocalOptions extends Omit<BaseLocalOptions, 'channels'> {
  channel?: Record<string, unknown>;
  /** Built only: `start` is the test's to call. */
  idle?: boolean;
}

/** No test meets the end of this window, except the ones that shorten it. */
export const LONG_WINDOW = { per: '366d' };
export const LONG_WINDOW_MS = 366 * 86_400_000;

const channelFields = () => ({
  timeout: requestTimeout(4_000),
  rate: false,
  quota: LONG_WINDOW,
  retry: { attempts: 3, base: '20ms', cap: '50ms' },
});

/** Tests take `openEnvironment` out of their context; what they open is closed after them. */
export const it = test.extend<{ openEnvironment: (options?: EnvironmentOptions) => Promise<Environment> }>({
  openEnvironment: async ({ task: _ }, use) => {
    const environments: Environment[] = [];
    await use(async (options = {}) => {
      const env = await openEnvironment(options);
      environments.push(env);
      return env;
    });
    await Promise.all(environments.map((env) => env.close()));
  },
});

async function openEnvironment(options: EnvironmentOptions): Promise<Environment> {
  const base = await openBase({
    channels: { [CHANNEL]: { ...channelFields(), ...options.channel } },
    sandbox: { ...options.sandbox, kongregate: { dayMs: LONG_WINDOW_MS, ...options.sandbox?.kongregate } },
    startRedis: () => startRedis({ appendonly: options.appendonly ?? false }),
    config: { http: { port: 0 }, drainTimeout: '5s', logLevel: 'debug', ...options.config },
  });
  const { server, redis } = base;
  const queue = new Queue(queueName(CHANNEL), { connection: redis, prefix: PREFIX });
  queue.on('error', () => {});
  const proxies: FaultyProxy[] = [];
  const producer = createProducer({ redis: server.url, channels: [CHANNEL], timeoutMs: 120_000 });
  const receipts = (): Promise<Receipt[]> => base.receipts(CHANNEL);
  const receiptCount = (): Promise<number> => base.receiptCount(CHANNEL);

  async function settled(count: number, patience: Patience = {}): Promise<Tally> {
    const look = async () => {
      const kept = await receiptCount();
      if (kept < count) return { kept };
      const jobs = await queue.getJobCounts('waiting', 'prioritized', 'active', 'delayed');
      const left = Object.values(jobs).reduce((sum, each) => sum + each, 0);
      return { left, jobs, tally: tallyOf(await receipts()) };
    };
    const done = ({ left, tally = {} }: Awaited<ReturnType<typeof look>>): boolean =>
      left === 0 && Object.values(tally).reduce((sum, each) => sum + each, 0) >= count;
    const { tally = {} } = await eventually(`${count} final states`, look, done, {
      everyMs: 50,
      ...patience,
    });
    return tally;
  }

  return {
    ...base,
    producer,
    queue,
    config: (channel = {}) => base.config({ [CHANNEL]: channel }),
    receipts,
    receiptCount,
    async letters() {
      const store = channelStore(redis, CHANNEL);
      const found = await readDeadLetters(store, await redis.hkeys(store.keys.deadLetters));
      return found.filter((letter) => letter !== undefined).sort((a, b) => a.diedAt - b.diedAt);
    },
    settled,
    async worker({ channel = {}, idle = false, ...parts } = {}) {
      const worker = base.build({ ...parts, channels: { [CHANNEL]: channel } });
      if (!idle) await worker.start();
      return worker;
    },
    spawn: ({ channel = {}, ...plan } = {}) => base.spawn({ ...plan, channels: { [CHANNEL]: channel } }),
    async refusing() {
      const proxy = await openFaultyProxy(base.sandbox.port);
      proxies.push(proxy);
      await proxy.refuse();
      return { baseUrl: `http://127.0.0.1:${proxy.port}/kongregate/api`, accept: proxy.accept };
    },
    async send(userId, fields = {}) {
      const message = { platform: 'kongregate', to: { userId }, content: 'Hello', ...fields } as MessageInput;
      return (await producer.send(message)).id;
    },
    async addForeign(data, jobOptions = {}) {
      const job = await queue.add(MESSAGE_JOB, data, jobOptions);
      return job.id ?? '';
    },
    async takeOver() {
      const worker = new Worker(queueName(CHANNEL), null, {
        connection: redis,
        prefix: PREFIX,
        autorun: false,
      });
      await worker.waitUntilReady();
      return worker;
    },
    async agreed(count, counting, patience = {}) {
      const tally = await settled(count, patience);
      const told = async () => tallyOfMetrics(await Promise.all(counting.map((worker) => worker.metrics())));
      const expected = JSON.stringify(sorted(tally));
      await eventually(
        `herald_messages_total to be ${expected}`,
        told,
        (metrics) => JSON.stringify(sorted(metrics)) === expected,
      );
      return tally;
    },
    async close() {
      await producer.close();
      await queue.close().catch(() => {});
      await base.close();
      await Promise.all(proxies.map((proxy) => proxy.close()));
    },
  };
}

const sorted = (tally: Tally): [string, number][] =>
  Object.entries(tally).sort(([a], [b]) => (a < b ? -1 : 1));
