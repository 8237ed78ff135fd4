import { Redis } from 'ioredis';
import { iterateReceipts, type Receipt } from '../src/observe/receipts.ts';
import { accountChannels, accountOptions } from '../src/sandbox/accounts.ts';
import {
  type RedisServer,
  type Sandbox,
  type SandboxOptions,
  startRedis,
  startSandbox,
} from '../src/sandbox/index.ts';
import { buildLocalWorker, type LocalWorker, type LocalWorkerParts } from './local-worker.ts';
import { startWorkerProcess, type WorkerProcess, type WorkerProcessOptions } from './worker-process.ts';

type Fields = Record<string, unknown>;
/** By name, as in herald.yaml. */
export type Channels = Record<string, Fields>;

export interface EnvironmentOptions {
  sandbox?: SandboxOptions | undefined;
  /** One without persistence when absent. */
  startRedis?: (() => Promise<RedisServer>) | undefined;
  /**
   * What is served: a channel of a platform's name works with the sandbox, these fields come on top.
   * @param sandboxUrl where the sandbox of this environment listens
   */
  channels: Channels | ((sandboxUrl: string) => Channels);
  /** Other fields of herald.yaml. */
  config?: Fields | undefined;
}

export interface LocalOptions extends LocalWorkerParts {
  /** Fields of channels that differ. */
  channels?: Channels | undefined;
  /** Its way to Redis; the server's own address when absent. */
  redis?: string | undefined;
}

/** A Redis, the simulated platforms and workers, for this caller alone; `close` leaves nothing of them. */
export interface Environment {
  readonly server: RedisServer;
  /** For looking; waits while Redis is away. */
  readonly redis: Redis;
  readonly sandbox: Sandbox;
  /** Of herald.yaml's shape. @param channels fields that differ */
  config(channels?: Channels): Fields;
  /** A worker in this process, not started. */
  build(options?: LocalOptions): LocalWorker;
  /** A worker in a process of its own, not waited for. */
  spawn(options?: Omit<WorkerProcessOptions, 'config'> & { channels?: Channels | undefined }): WorkerProcess;
  /** Of one channel, oldest first. */
  receipts(channel: string): Promise<Receipt[]>;
  close(): Promise<void>;
}

/** Closing is for what is no longer needed. */
const CLOSE_WITHIN_MS = 500;

export async function openEnvironment(options: EnvironmentOptions): Promise<Environment> {
  const accounts = accountOptions();
  // Opened first and closed last: its open port keeps this process alive until all else has ended.
  const sandbox = await startSandbox({
    ...options.sandbox,
    kongregate: { ...accounts.kongregate, ...options.sandbox?.kongregate },
    zulip: { ...accounts.zulip, ...options.sandbox?.zulip },
    discourse: { ...accounts.discourse, ...options.sandbox?.discourse },
    usercom: { ...accounts.usercom, ...options.sandbox?.usercom },
  });
  const server = await (options.startRedis ?? startRedis)().catch(async (error: unknown) => {
    await sandbox.close();
    throw error;
  });
  const redis = new Redis(server.url, { maxRetriesPerRequest: null });
  redis.on('error', () => {}); // It keeps reconnecting when its Redis is stopped and started again.
  const workers: LocalWorker[] = [];
  const processes: WorkerProcess[] = [];
  const given = typeof options.channels === 'function' ? options.channels(sandbox.url) : options.channels;
  const own: Channels = accountChannels(sandbox.url);

  const config = (channels: Channels = {}): Fields => ({
    redis: server.url,
    ...options.config,
    channels: Object.fromEntries(
      Object.entries(given).map(([name, fields]) => [name, { ...own[name], ...fields, ...channels[name] }]),
    ),
  });

  return {
    server,
    redis,
    sandbox,
    config,
    build({ channels, redis: address = server.url, ...parts } = {}) {
      const worker = buildLocalWorker({ ...config(channels), redis: address }, parts);
      workers.push(worker);
      return worker;
    },
    spawn({ channels, ...plan } = {}) {
      const worker = startWorkerProcess({ ...plan, config: config(channels) });
      processes.push(worker);
      return worker;
    },
    async receipts(channel) {
      const all: Receipt[] = [];
      for await (const receipt of iterateReceipts(redis, channel)) all.push(receipt);
      return all;
    },
    async close() {
      await Promise.all(processes.map((each) => each.kill()));
      await Promise.all(workers.map((each) => each.close({ deadlineMs: CLOSE_WITHIN_MS })));
      redis.disconnect();
      await server.stop();
      await sandbox.close();
    },
  };
}
