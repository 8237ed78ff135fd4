import { Redis } from 'ioredis';
import { iterateReceipts, type Receipt } from '../src/receipts/receipts.ts';
import type { RedisAddress } from '../src/redis/address.ts';
import { channelKeys } from '../src/redis/keys.ts';
import { type Stores, storesOn } from '../src/redis/stores.ts';
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

/** Where an environment keeps everything. */
export interface Place {
  address: RedisAddress;
  /** For inspection; commands wait while Redis is away. */
  stores: Stores;
  close(): Promise<void>;
}

export interface PlacelessOptions {
  sandbox?: SandboxOptions | undefined;
  /**
   * What is served: a channel of a platform's name works with the sandbox, these fields come on top.
   * @param sandboxUrl where the sandbox of this environment listens
   */
  channels: Channels | ((sandboxUrl: string) => Channels);
  /** Other fields of herald.yaml. */
  config?: Fields | undefined;
}

export interface EnvironmentOptions extends PlacelessOptions {
  /** One without persistence when absent. */
  startRedis?: (() => Promise<RedisServer>) | undefined;
}

export interface LocalOptions extends LocalWorkerParts {
  /** Fields of channels that differ. */
  channels?: Channels | undefined;
  /** Its way to Redis; the server's own address when absent. */
  redis?: RedisAddress | undefined;
}

/** Simulated platforms and workers for this caller only; `close` removes everything. */
export interface PlacedEnvironment {
  readonly place: Place;
  readonly sandbox: Sandbox;
  /** Of herald.yaml's shape. @param channels fields that differ */
  config(channels?: Channels): Fields;
  /** A worker in this process, not started. */
  build(options?: LocalOptions): LocalWorker;
  /** Starts a worker in a process of its own, without waiting for it. */
  spawn(options?: Omit<WorkerProcessOptions, 'config'> & { channels?: Channels | undefined }): WorkerProcess;
  /** Of one channel, oldest first. */
  receipts(channel: string): Promise<Receipt[]>;
  /** The number of receipts. For polling: reading them all would take this process longer than the sending. */
  receiptCount(channel: string): Promise<number>;
  close(): Promise<void>;
}

/** One with a Redis of its own. */
export interface Environment extends PlacedEnvironment {
  readonly server: RedisServer;
  /** For inspection; commands wait while Redis is away. */
  readonly redis: Redis;
}

/** Workers are closed quickly, since nothing of them is needed any more. */
const CLOSE_WITHIN_MS = 500;

export async function openEnvironment({
  startRedis: start = startRedis,
  ...options
}: EnvironmentOptions): Promise<Environment> {
  let server: RedisServer | undefined;
  const env = await openPlaced(options, async () => {
    server = await start();
    const redis = new Redis(server.url, { maxRetriesPerRequest: null });
    redis.on('error', () => {}); // It keeps reconnecting when its Redis is stopped and started again.
    const stores = storesOn(redis);
    return {
      address: server.url,
      stores,
      async close() {
        stores.disconnect();
        await server?.stop();
      },
    };
  });
  return { ...env, server: server as unknown as RedisServer, redis: env.place.stores.directory };
}

export async function openPlaced(
  options: PlacelessOptions,
  openPlace: () => Promise<Place>,
): Promise<PlacedEnvironment> {
  const accounts = accountOptions();
  // Opened first and closed last: its open port keeps this process alive until all else has ended.
  const sandbox = await startSandbox({
    ...options.sandbox,
    kongregate: { ...accounts.kongregate, ...options.sandbox?.kongregate },
    zulip: { ...accounts.zulip, ...options.sandbox?.zulip },
    discourse: { ...accounts.discourse, ...options.sandbox?.discourse },
    usercom: { ...accounts.usercom, ...options.sandbox?.usercom },
  });
  const place = await openPlace().catch(async (error: unknown) => {
    await sandbox.close();
    throw error;
  });
  const workers: LocalWorker[] = [];
  const processes: WorkerProcess[] = [];
  const given = typeof options.channels === 'function' ? options.channels(sandbox.url) : options.channels;
  const own: Channels = accountChannels(sandbox.url);

  const config = (channels: Channels = {}): Fields => ({
    redis: place.address,
    ...options.config,
    channels: Object.fromEntries(
      Object.entries(given).map(([name, fields]) => [name, { ...own[name], ...fields, ...channels[name] }]),
    ),
  });

  return {
    place,
    sandbox,
    config,
    build({ channels, redis: address = place.address, ...parts } = {}) {
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
      for await (const receipt of iterateReceipts(place.stores.of(channel).redis, channel)) all.push(receipt);
      return all;
    },
    receiptCount: (channel) => place.stores.of(channel).redis.xlen(channelKeys(channel).receipts),
    async close() {
      await Promise.all(processes.map((each) => each.kill()));
      await Promise.all(workers.map((each) => each.close({ deadlineMs: CLOSE_WITHIN_MS })));
      await place.close();
      await sandbox.close();
    },
  };
}
