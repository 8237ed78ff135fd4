import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { test } from 'vitest';
import { createProducer, type MessageInput, secretsOf } from '../../src/app.ts';
import { type Clock, systemClock } from '../../src/clock.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { type LetterRecord, readLetters } from '../../src/dead-letters/records.ts';
import { MESSAGE_JOB } from '../../src/jobs/job-ids.ts';
import { createLogger } from '../../src/observe/log.ts';
import { iterateReceipts, type Receipt } from '../../src/observe/receipts.ts';
import { platforms } from '../../src/platforms/registry.ts';
import type { Producer } from '../../src/producer/producer.ts';
import { channelStore } from '../../src/redis/channel-store.ts';
import { PREFIX, queueName } from '../../src/redis/keys.ts';
import {
  type RedisServer,
  type Sandbox,
  type SandboxOptions,
  startRedis,
  startSandbox,
} from '../../src/sandbox/index.ts';
import type { Wrappers } from '../../src/workers/channel.ts';
import { buildWorker, type HeraldWorker } from '../../src/workers/worker.ts';
import { eventually, type Patience } from '../../testing/eventually.ts';
import { type Tally, tallyOf, tallyOfMetrics } from '../../testing/metrics-parser.ts';
import { requestTimeout } from '../../testing/slowness.ts';
import type { WorkerProcessOptions } from '../../testing/worker-process.ts';
import { startWorkerProcess, type WorkerProcess } from '../../testing/worker-process.ts';

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

export interface LocalWorker extends HeraldWorker {
  /** Everything it logged, one JSON object a line. */
  log(): string;
}

/** Whatever tells its metrics: a worker here or in a process of its own. */
export type Counting = LocalWorker | WorkerProcess;

/** A Redis, a platform, a producer and workers of one test's own. */
export interface Environment {
  readonly server: RedisServer;
  readonly redis: Redis;
  readonly sandbox: Sandbox;
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
  send(userId: number, fields?: Partial<MessageInput>): Promise<string>;
  addForeign(data: unknown, options?: object): Promise<string>;
  /** A BullMQ worker without a processor, to move jobs by hand. The test closes it. */
  takeOver(): Promise<Worker>;
  receipts(): Promise<Receipt[]>;
  /** The channel's dead letters, oldest first. */
  letters(): Promise<LetterRecord[]>;
  /** Waits until so many final states are in the receipts and the queue holds nothing but dead letters. */
  settled(count: number, patience?: Patience): Promise<Tally>;
  /** Waits until receipts and `herald_messages_total` of all these workers tell the same, and tells it. */
  agreed(count: number, workers: readonly Counting[], patience?: Patience): Promise<Tally>;
  close(): Promise<void>;
}

export interface LocalOptions {
  channel?: Record<string, unknown>;
  /** Its way to Redis; the server's own address when absent. */
  redis?: string;
  clock?: Clock;
  wrap?: Wrappers;
  /** Built only: `start` is the test's to call. */
  idle?: boolean;
}

/** No test meets the end of this window, except the ones that shorten it. */
const LONG_WINDOW = { per: '366d' };
const LONG_WINDOW_MS = 366 * 86_400_000;

const channelDefaults = (sandbox: Sandbox) => ({
  platform: 'kongregate',
  apiKey: API_KEY,
  baseUrl: `${sandbox.url}/kongregate/api`,
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
  const server = await startRedis({ appendonly: options.appendonly ?? false });
  const sandbox = await startSandbox({
    ...options.sandbox,
    kongregate: { dayMs: LONG_WINDOW_MS, ...options.sandbox?.kongregate },
  });
  const redis = new Redis(server.url, { maxRetriesPerRequest: null });
  redis.on('error', () => {}); // Tests that stop Redis look at it through this connection, too.
  const queue = new Queue(queueName(CHANNEL), { connection: redis, prefix: PREFIX });
  queue.on('error', () => {});
  const producer = createProducer({ redis: server.url, channels: [CHANNEL], timeoutMs: 120_000 });
  const workers: LocalWorker[] = [];
  const processes: WorkerProcess[] = [];

  const config = (channel: Record<string, unknown> = {}): Record<string, unknown> => ({
    redis: server.url,
    http: { port: 0 },
    drainTimeout: '5s',
    logLevel: 'debug',
    ...options.config,
    channels: { [CHANNEL]: { ...channelDefaults(sandbox), ...options.channel, ...channel } },
  });

  async function receipts(): Promise<Receipt[]> {
    const all: Receipt[] = [];
    for await (const receipt of iterateReceipts(redis, CHANNEL)) all.push(receipt);
    return all;
  }

  async function settled(count: number, patience: Patience = {}): Promise<Tally> {
    const look = async () => {
      const jobs = await queue.getJobCounts('waiting', 'prioritized', 'active', 'delayed');
      const left = Object.values(jobs).reduce((sum, each) => sum + each, 0);
      return { left, jobs, tally: tallyOf(await receipts()) };
    };
    const done = ({ left, tally }: Awaited<ReturnType<typeof look>>): boolean =>
      left === 0 && Object.values(tally).reduce((sum, each) => sum + each, 0) >= count;
    const { tally } = await eventually(`${count} final states`, look, done, { everyMs: 50, ...patience });
    return tally;
  }

  return {
    server,
    redis,
    sandbox,
    producer,
    queue,
    config,
    receipts,
    async letters() {
      const store = channelStore(redis, CHANNEL);
      const found = await readLetters(store, await redis.hkeys(store.keys.letters));
      return found.filter((letter) => letter !== undefined).sort((a, b) => a.diedAt - b.diedAt);
    },
    settled,
    async worker({ channel = {}, redis = server.url, idle = false, ...parts } = {}) {
      const worker = localWorker({ ...config(channel), redis }, parts);
      workers.push(worker);
      if (!idle) await worker.start();
      return worker;
    },
    spawn({ channel = {}, ...plan } = {}) {
      const worker = startWorkerProcess({ ...plan, config: config(channel) });
      processes.push(worker);
      return worker;
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
      await Promise.all(processes.map((each) => each.kill()));
      await Promise.all(workers.map((each) => each.close({ deadlineMs: 500 })));
      await producer.close();
      await queue.close().catch(() => {});
      redis.disconnect();
      await sandbox.close();
      await server.stop();
    },
  };
}

function localWorker(source: unknown, parts: Omit<LocalOptions, 'channel' | 'redis' | 'idle'>): LocalWorker {
  const config = parseConfig(source, {
    platforms,
    env: {},
    secrets: 'resolve',
    readFile: () => {
      throw new Error('no test reads a secret out of a file');
    },
  });
  const lines: string[] = [];
  const logger = createLogger({
    level: config.logLevel,
    destination: { write: (line) => void lines.push(line) },
    secrets: secretsOf(config),
  });
  const worker = buildWorker(config, {
    platforms,
    logger,
    clock: parts.clock ?? systemClock,
    wrap: parts.wrap,
  });
  return Object.create(worker, { log: { value: () => lines.join('') } }) as LocalWorker;
}

const sorted = (tally: Tally): [string, number][] =>
  Object.entries(tally).sort(([a], [b]) => (a < b ? -1 : 1));
