import { describe, expect } from 'vitest';
import { createWorker, type MessageInput } from '../../src/app.ts';
import { createLogger } from '../../src/observe/log.ts';
import { iterateReceipts } from '../../src/receipts/receipts.ts';
import { accountChannels } from '../../src/sandbox/accounts.ts';
import { eventually } from '../../testing/eventually.ts';
import { type Environment, type EnvironmentOptions, it } from '../support/environment.ts';
import { openHeldPlatform } from '../support/held-platform.ts';

const COUNT = 40;

const kongregate = Array.from({ length: COUNT }, (_, i) => ({
  ...{ platform: 'kongregate', id: `m-${i}`, content: 'Hello' },
  to: { userId: Math.floor(i / 5) * 10 + (i % 5) + 1 },
})) as MessageInput[];

const userCom = (url: string) => ({
  ...accountChannels(url).usercom,
  ...{ rate: false as const, concurrency: 4 },
});

type Open = (options: EnvironmentOptions) => Promise<Environment>;

/** From a quarter of the calls on, each answer is held until the test releases them: several stay under way. */
async function openMiddle(
  openEnvironment: Open,
  onTestFinished: (close: () => Promise<void>) => void,
  options: EnvironmentOptions = {},
) {
  let calls = 0;
  const onCall = (): void => {
    calls += 1;
    if (calls === COUNT / 4) platform.proxy.holdAnswers();
  };
  const env = await openEnvironment({ ...options, sandbox: { ...options.sandbox, onCall } });
  const platform = await openHeldPlatform(env, onTestFinished);
  const reached = () =>
    eventually(
      'the middle of the messages',
      () => calls,
      (count) => count >= COUNT / 4,
    );
  return { env, platform, reached };
}

describe.concurrent('while messages are under way', () => {
  for (const command of ['flushall', 'flushdb'] as const) {
    it(`${command.toUpperCase()}: what is sent again arrives once`, async ({
      openEnvironment,
      onTestFinished,
    }) => {
      // A platform that takes whatever it gets: what the store forgot, a player gets twice.
      const { env, platform, reached } = await openMiddle(openEnvironment, onTestFinished, {
        channel: { onUnknown: 'keep', concurrency: 4 },
        sandbox: { kongregate: { dayMs: 1 } },
      });
      for (let workers = 0; workers < 2; workers += 1) await env.worker({ channel: platform.channel });
      await env.producer.sendMany(kongregate);
      await reached();
      await env.redis[command]();
      await env.producer.sendMany(kongregate);
      platform.proxy.releaseAnswers();
      await env.settled(1, { withinMs: 40_000 });
      const { calls, accepted, acceptedMoreThanOnce } = env.sandbox.journal.report();
      expect({ calls, accepted, acceptedMoreThanOnce }).toEqual({
        ...{ calls: COUNT, accepted: COUNT, acceptedMoreThanOnce: 0 },
      });
    });
  }

  it('FLUSHALL: a send whose answer is lost before its worker notices is a doubt, not forgotten', async ({
    openEnvironment,
    onTestFinished,
  }) => {
    const env = await openEnvironment({
      channel: { onUnknown: 'keep', concurrency: 4 },
      sandbox: { kongregate: { dayMs: 1 } },
    });
    const platform = await openHeldPlatform(env, onTestFinished);
    platform.proxy.holdAnswers();
    await env.worker({ channel: platform.channel });
    await env.producer.sendMany(kongregate);
    const calls = () => env.sandbox.journal.report().calls;
    // The worker asks for no more admissions, which would tell it of the loss.
    await eventually('all that the worker sends at a time', calls, (count) => count === 4);
    await env.redis.flushall();
    await env.producer.sendMany(kongregate);
    platform.proxy.cut();
    platform.proxy.releaseAnswers();
    expect(await env.settled(COUNT, { withinMs: 40_000 })).toEqual({
      'dead/unconfirmed': 4,
      'delivered/sent': COUNT - 4,
    });
    expect(env.sandbox.journal.report()).toMatchObject({ calls: COUNT, acceptedMoreThanOnce: 0 });
  });

  it('a store that is full loses no answer of User.com, which nobody can be asked for', async ({
    openEnvironment,
    onTestFinished,
  }) => {
    const { env, platform, reached } = await openMiddle(openEnvironment, onTestFinished);
    const source = { ...env.config(), channels: { chat: userCom(platform.url) } };
    const lines: string[] = [];
    const logger = createLogger({ destination: { write: (line) => void lines.push(line) } });
    const worker = createWorker(source, { logger });
    await worker.start();
    try {
      await env.producer.sendMany(
        kongregate.map(({ id }, i) => ({
          ...{ platform: 'usercom' as const, channel: 'chat', content: 'Hello' },
          ...{ id: `${id}`, to: { userId: 10 * i + 1 } },
        })),
      );
      await reached();
      await env.redis.config('SET', 'maxmemory', '1');
      platform.proxy.releaseAnswers();
      await eventually('the worker to notice', () => lines.join('').includes('redis refuses writes'));
      await env.redis.config('SET', 'maxmemory', '0');
      const ends = async (): Promise<string[]> => {
        const receipts: string[] = [];
        for await (const { state, reason } of iterateReceipts(env.redis, 'chat'))
          receipts.push(`${state}/${reason}`);
        return receipts;
      };
      const all = await eventually('the ends', ends, ({ length }) => length >= COUNT, { withinMs: 40_000 });
      expect(all).toEqual(Array.from({ length: COUNT }, () => 'delivered/sent'));
      expect(env.sandbox.journal.report()).toMatchObject({ calls: COUNT, accepted: COUNT });
    } finally {
      await worker.close({ deadlineMs: 1_000 });
    }
  });
});
