import { test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { AnyMessage } from '../../src/message/schema.ts';
import type { Receipt } from '../../src/observe/receipts.ts';
import type { PlatformDefinition } from '../../src/platforms/port.ts';
import { platforms as allPlatforms } from '../../src/platforms/registry.ts';
import { buildProducer } from '../../src/producer/producer.ts';
import type { SandboxOptions } from '../../src/sandbox/index.ts';
import { type Channels, openEnvironment } from '../../testing/environment.ts';
import { eventually } from '../../testing/eventually.ts';
import { requestTimeout } from '../../testing/slowness.ts';

export type Message = Omit<AnyMessage, 'v' | 'to'> & Record<string, unknown>;

export interface EnvironmentOptions {
  platforms?: Record<string, PlatformDefinition>;
  /** Over fields that suit a test. */
  channels: Channels | ((sandboxUrl: string) => Channels);
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

async function open({ platforms = allPlatforms, channels, sandbox }: EnvironmentOptions) {
  const base = await openEnvironment({
    channels: (url) =>
      Object.fromEntries(
        Object.entries(typeof channels === 'function' ? channels(url) : channels).map(([name, fields]) => [
          name,
          { ...COMMON, ...fields },
        ]),
      ),
    sandbox: { ...sandbox, discourse: { requestsPerMinute: 1_000, ...sandbox?.discourse } },
    config: { http: false, drainTimeout: '1s', logLevel: 'debug' },
  });
  const worker = base.build({ platforms });
  const producer = buildProducer(
    {
      redis: base.server.url,
      channels: Object.keys(base.config()['channels'] as object),
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
    ...base,
    producer,
    log: () => worker.log(),
    async close(): Promise<void> {
      await producer.close();
      await base.close();
    },
    send: (message: Message) => producer.send(message as never),
    /** The receipts of a channel, once there are so many. */
    settled: (channel: string, count: number, withinMs = 30_000): Promise<Receipt[]> =>
      eventually(
        `${count} receipts of ${channel}`,
        () => base.receipts(channel),
        (all) => all.length >= count,
        { withinMs, everyMs: 50 },
      ),
  };
}
