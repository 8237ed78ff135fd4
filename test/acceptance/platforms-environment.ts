import { Redis } from 'ioredis';
import { test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { knownMessages } from '../../src/ledger/lookups.ts';
import type { AnyMessage } from '../../src/message/schema.ts';
import { createLogger } from '../../src/observe/log.ts';
import { iterateReceipts, type Receipt } from '../../src/observe/receipts.ts';
import type { PlatformDefinition } from '../../src/platforms/port.ts';
import { platforms as allPlatforms } from '../../src/platforms/registry.ts';
import { buildProducer } from '../../src/producer/producer.ts';
import { channelStore } from '../../src/redis/channel-store.ts';
import { type SandboxOptions, startRedis, startSandbox } from '../../src/sandbox/index.ts';
import { buildWorker } from '../../src/workers/worker.ts';
import { eventually } from '../../testing/eventually.ts';
import { requestTimeout } from '../../testing/slowness.ts';

export type Message = Omit<AnyMessage, 'v' | 'to'> & Record<string, unknown>;

export interface EnvironmentOptions {
  platforms?: Record<string, PlatformDefinition>;
  /** By name, as in herald.yaml; merged into channels that work with the sandbox. */
  channels: (sandboxUrl: string) => Record<string, Record<string, unknown>>;
  /** What the platforms play that differs. */
  sandbox?: SandboxOptions;
}

/** Short enough for a test, and in the proportions of the defaults. */
const COMMON = {
  eligibility: false,
  rate: false,
  concurrency: 50,
  timeout: requestTimeout(1_000),
  quietPeriod: '200ms',
  patience: '60s',
  retry: { attempts: 6, base: '100ms', cap: '500ms' },
};

export const SANDBOX_CHANNELS = (url: string): Record<string, Record<string, unknown>> => ({
  kongregate: { platform: 'kongregate', baseUrl: `${url}/kongregate/api`, apiKey: 'sandbox-key' },
  zulip: { platform: 'zulip', baseUrl: `${url}/zulip`, email: 'bot@example.com', apiKey: 'sandbox-key' },
  discourse: {
    platform: 'discourse',
    baseUrl: `${url}/discourse`,
    apiKey: 'sandbox-key',
    apiUsername: 'herald',
  },
  usercom: { platform: 'usercom', baseUrl: `${url}/usercom/api/public`, apiKey: 'sandbox-key', agent: 926 },
});

/** Of the sandbox's channels, these alone, with these fields. */
export const sandboxChannels =
  (fields: Record<string, Record<string, unknown>>) =>
  (url: string): Record<string, Record<string, unknown>> =>
    Object.fromEntries(
      Object.entries(fields).map(([name, more]) => [name, { ...SANDBOX_CHANNELS(url)[name], ...more }]),
    );

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

async function open({ platforms = allPlatforms, channels, sandbox: given }: EnvironmentOptions) {
  const server = await startRedis();
  const sandbox = await startSandbox({ discourse: { requestsPerMinute: 1_000 }, ...given });
  const redis = new Redis(server.url, { maxRetriesPerRequest: null });
  const written = Object.entries(channels(sandbox.url)).map(([name, more]) => [name, { ...COMMON, ...more }]);
  const source = {
    redis: server.url,
    http: false,
    drainTimeout: '1s',
    channels: Object.fromEntries(written),
  };
  const config = parseConfig(source, { platforms, env: {}, secrets: 'resolve', readFile: () => '' });
  const lines: string[] = [];
  const logger = createLogger({
    level: 'debug',
    destination: { write: (line) => void lines.push(line) },
    secrets: [],
  });
  const worker = buildWorker(config, { platforms, logger });
  const producer = buildProducer(
    { redis: server.url, channels: config.channels.map(({ name }) => name), timeoutMs: 120_000 },
    {
      platforms: platforms as Record<string, PlatformDefinition>,
      clock: systemClock,
      openLedger: (connection) => ({
        known: (channel, ids) => knownMessages(channelStore(connection, channel), ids),
        recordPlays: () => Promise.reject(new Error('no test of platforms records plays')),
      }),
    },
  );
  await worker.start();

  async function receipts(channel: string): Promise<Receipt[]> {
    const all: Receipt[] = [];
    for await (const receipt of iterateReceipts(redis, channel)) all.push(receipt);
    return all;
  }
  return {
    sandbox,
    redis,
    producer,
    receipts,
    log: () => lines.join(''),
    async close(): Promise<void> {
      await worker.close({ deadlineMs: 500 });
      await producer.close();
      redis.disconnect();
      await sandbox.close();
      await server.stop();
    },
    send: (message: Message) => producer.send(message as never),
    /** The receipts of a channel, once there are so many. */
    settled: (channel: string, count: number, withinMs = 30_000): Promise<Receipt[]> =>
      eventually(
        `${count} receipts of ${channel}\n${lines.slice(-5).join('')}`,
        () => receipts(channel),
        (all) => all.length >= count,
        { withinMs, everyMs: 50 },
      ),
  };
}
