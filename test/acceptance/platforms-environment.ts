import { afterAll, beforeAll, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { AnyMessage } from '../../src/message/schema.ts';
import type { PlatformDefinition } from '../../src/platforms/port.ts';
import { platforms as allPlatforms } from '../../src/platforms/registry.ts';
import { buildProducer } from '../../src/producer/producer.ts';
import type { Receipt } from '../../src/receipts/receipts.ts';
import { connectFollower } from '../../src/redis/connections.ts';
import { CHANNELS_KEY } from '../../src/redis/keys.ts';
import { accountChannels } from '../../src/sandbox/accounts.ts';
import type { SandboxOptions } from '../../src/sandbox/index.ts';
import {
  type Channels,
  openEnvironment,
  openPlaced,
  type Place,
  type PlacelessOptions,
} from '../../testing/environment.ts';
import { eventually } from '../../testing/eventually.ts';
import { type RedisCluster, startCluster } from '../../testing/own-cluster.ts';
import { requestTimeout, unhurried } from '../../testing/slowness.ts';
import { LONG_WINDOW, LONG_WINDOW_MS } from '../support/environment.ts';

export type Message = Omit<AnyMessage, 'v' | 'to'> & Record<string, unknown>;

export interface EnvironmentOptions {
  platforms?: Record<string, PlatformDefinition>;
  /** Over fields that suit a test. */
  channels: Channels | ((sandboxUrl: string) => Channels);
  /** What the platforms play that differs. */
  sandbox?: SandboxOptions;
}

/** Short enough for a test, and in the proportions of the defaults. */
const commonFields = () => ({
  eligibility: false,
  rate: false,
  concurrency: 50,
  timeout: requestTimeout(1_000),
  // A busy sandbox may take a request long after its deadline, and a second one once the first was not found. The shortest patience of
  // these tests is a second.
  quietPeriod: `${Math.round(Math.min(900, unhurried(200)))}ms`,
  patience: '60s',
  retry: { attempts: 6, base: '100ms', cap: '500ms' },
});

/** Kongregate's day, so long that no test meets midnight. */
const longQuota = (name: string) => (name === 'kongregate' ? { quota: LONG_WINDOW } : {});

/** A Redis, the sandbox, a producer and a worker for channels of any platforms. */
export type PlatformsEnvironment = Awaited<ReturnType<typeof open>>;

/** Tests take `openPlatforms` out of their context; what they open is closed after them. */
export const it = test.extend<{
  openPlatforms: (options: EnvironmentOptions) => Promise<PlatformsEnvironment>;
}>({
  openPlatforms: async ({ task: _ }, use) => {
    const environments: PlatformsEnvironment[] = [];
    await use(async (options) => {
      const env = await open(options);
      environments.push(env);
      return env;
    });
    await Promise.all(environments.map((env) => env.close()));
  },
});

/** Where the environments of a file are; each in a Redis of its own unless it says otherwise. */
let shared: RedisCluster | undefined;
let opened = 0;

/** Has all environments of the test file share a cluster, each with channel names of its own. */
export function useCluster(): void {
  beforeAll(async () => {
    shared = await startCluster();
  });
  afterAll(async () => {
    await shared?.close();
    shared = undefined;
  });
}

async function placeIn(cluster: RedisCluster): Promise<Place> {
  const { stores } = connectFollower({ cluster: cluster.urls });
  return { address: { cluster: cluster.urls }, stores, close: async () => stores.disconnect() };
}

async function open({ platforms = allPlatforms, channels, sandbox }: EnvironmentOptions) {
  const cluster = shared;
  opened += 1;
  const own = cluster ? `-${opened}` : '';
  const options: PlacelessOptions = {
    channels: (url) =>
      Object.fromEntries(
        Object.entries(typeof channels === 'function' ? channels(url) : channels).map(([name, fields]) => [
          `${name}${own}`,
          { ...(accountChannels(url) as Channels)[name], ...commonFields(), ...longQuota(name), ...fields },
        ]),
      ),
    sandbox: {
      ...sandbox,
      kongregate: { dayMs: LONG_WINDOW_MS, ...sandbox?.kongregate },
      discourse: { requestsPerMinute: 1_000, ...sandbox?.discourse },
    },
    config: { http: false, drainTimeout: '1s', logLevel: 'debug' },
  };
  const base = cluster ? await openPlaced(options, () => placeIn(cluster)) : await openEnvironment(options);
  const { stores } = base.place;
  const named = (message: Message): never =>
    ({ ...message, channel: `${message.channel ?? message.platform}${own}` }) as never;
  const worker = base.build({ platforms });
  const producer = buildProducer(
    {
      redis: base.place.address,
      channels: Object.keys(channelsOf(base.config())),
      timeoutMs: 120_000,
    },
    {
      platforms: platforms as Record<string, PlatformDefinition>,
      clock: systemClock,
      plays: {
        recordPlays: () => Promise.reject(new Error('no test of platforms records plays')),
      },
    },
  );
  await worker.start();
  return {
    sandbox: base.sandbox,
    /** A channel's part of the store. */
    store: (channel: string) => stores.of(`${channel}${own}`),
    receipts: (channel: string) => base.receipts(`${channel}${own}`),
    log: () => worker.log(),
    async close(): Promise<void> {
      await producer.close();
      if (cluster) await stores.directory.hdel(CHANNELS_KEY, ...Object.keys(channelsOf(base.config())));
      await base.close();
    },
    send: (message: Message) => producer.send(named(message)),
    sendMany: (messages: readonly Message[]) => producer.sendMany(messages.map(named)),
    /** The receipts of a channel, once there are so many. */
    async settled(channel: string, count: number, withinMs = 30_000): Promise<Receipt[]> {
      await eventually(
        `${count} receipts of ${channel}`,
        () => base.receiptCount(`${channel}${own}`),
        (kept) => kept >= count,
        { withinMs, everyMs: 50 },
      );
      return await base.receipts(`${channel}${own}`);
    },
  };
}

const channelsOf = (config: Record<string, unknown>): object => config['channels'] as object;
