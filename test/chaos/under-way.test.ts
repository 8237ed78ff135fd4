import { describe, expect } from 'vitest';
import { createWorker, type MessageInput } from '../../src/app.ts';
import { createLogger } from '../../src/observe/log.ts';
import { iterateReceipts } from '../../src/observe/receipts.ts';
import { accountChannels } from '../../src/sandbox/accounts.ts';
import { eventually } from '../../testing/eventually.ts';
import { type Environment, it } from '../support/environment.ts';

const COUNT = 40;
/** Long enough for several to be under way at any moment. */
const SLOW = { kind: 'latency', latencyMs: 150 } as const;

const kongregate = Array.from({ length: COUNT }, (_, i) => ({
  ...{ platform: 'kongregate', id: `m-${i}`, content: 'Hello' },
  to: { userId: Math.floor(i / 5) * 10 + (i % 5) + 1 },
})) as MessageInput[];

const userCom = ({ sandbox }: Environment) => ({
  ...accountChannels(sandbox.url).usercom,
  ...{ rate: false as const, concurrency: 4 },
});

const underWay = (env: Environment): Promise<number> =>
  eventually(
    'the middle of the messages',
    () => env.sandbox.journal.report().calls,
    (calls) => calls > COUNT / 4,
    { everyMs: 2 },
  );

describe.concurrent('while messages are under way', () => {
  for (const command of ['flushall', 'flushdb'] as const) {
    it(`${command.toUpperCase()}: what is sent again arrives once`, async ({ openEnvironment }) => {
      // A platform that takes whatever it gets: what the store forgot, a player gets twice.
      const env = await openEnvironment({
        channel: { onUnknown: 'keep', concurrency: 4 },
        sandbox: { kongregate: { dayMs: 1 }, faults: [SLOW] },
      });
      for (let workers = 0; workers < 2; workers += 1) await env.worker();
      await env.producer.sendMany(kongregate);
      await underWay(env);
      await env.redis[command]();
      await env.producer.sendMany(kongregate);
      await env.settled(1, { withinMs: 40_000 });
      const { calls, accepted, acceptedMoreThanOnce } = env.sandbox.journal.report();
      expect({ calls, accepted, acceptedMoreThanOnce }).toEqual({
        ...{ calls: COUNT, accepted: COUNT, acceptedMoreThanOnce: 0 },
      });
    });
  }

  it('a store that is full loses no answer of User.com, which nobody can be asked for', async ({
    openEnvironment,
  }) => {
    const env = await openEnvironment({ sandbox: { faults: [SLOW] } });
    const source = { ...env.config(), channels: { chat: userCom(env) } };
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
      await underWay(env);
      await env.redis.config('SET', 'maxmemory', '1');
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
