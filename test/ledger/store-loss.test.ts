import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { createEpoch } from '../../src/ledger/epoch.ts';
import { createFailoverDetector } from '../../src/ledger/failover-detector.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { channelStore } from '../../src/redis/channel-store.ts';
import { WATCHED_CONNECTION } from '../../src/redis/connections.ts';
import { type RedisServer, startRedis } from '../../src/sandbox/index.ts';
import { eventually } from '../../testing/eventually.ts';
import { type Lab, openLab, SENT } from './harness.ts';
import { withMemory } from './meeting.ts';

interface Loss {
  server: RedisServer;
  lab: Lab;
  /** A worker's, on a connection that is watched. */
  ledger: Ledger;
  /** Calls that wait for their answer. */
  unanswered(): number;
  told(): Record<string, number> | undefined;
}

/** A worker and a Redis that keeps nothing through a restart: what it acknowledged is lost. */
const it = test.extend<{ loss: Loss }>({
  loss: async ({ task: _ }, use) => {
    const server = await startRedis();
    const operator = new Redis(server.url, { retryStrategy: () => 20 });
    const redis = new Redis(server.url, { ...WATCHED_CONNECTION, retryStrategy: () => 20 });
    for (const client of [operator, redis]) client.on('error', () => {});
    const watch = createFailoverDetector(redis, {
      clock: systemClock,
      probe: () => redis.set('probe', '1'),
      onRefused: () => {},
      onRefusing: () => {},
      onError: () => {},
    });
    const lab = await openLab({
      redis: operator,
      now: async () => Number((await operator.time())[0]) * 1_000,
      until: async () => {},
    });
    let told: Record<string, number> | undefined;
    const ledger = withMemory(lab.ledgerOn(redis), {
      store: channelStore(redis, lab.channel),
      platformDayMs: 86_400_000,
      watch,
      epoch: createEpoch(channelStore(redis, lab.channel)),
      clock: systemClock,
      onRestored: (counts) => {
        told = counts;
      },
    });
    await watch.pending();
    await use({
      server,
      lab,
      ledger,
      unanswered: () => (Reflect.get(redis, 'commandQueue') as { length: number }).length,
      told: () => told,
    });
    watch.stop();
    for (const client of [operator, redis]) client.disconnect();
    await server.stop();
  },
});

it('an admission that was on its way is made again after the store was told', async ({ loss }) => {
  const { server, lab, ledger } = loss;
  const [first, second] = [lab.message(), lab.message()];
  expect((await ledger.admit(first)).verdict.kind).toBe('granted');
  await server.kill('SIGSTOP');
  const admission = ledger.admit(second);
  await eventually('the question to be on its way', () => loss.unanswered() > 0);
  await server.kill();
  await server.restart();
  expect((await admission).verdict).toMatchObject({ kind: 'busy', slot: true });
  expect(loss.told()).toMatchObject({ restored: 1 });
});

it('a settlement that was on its way is told after its grant: the slot is spent', async ({ loss }) => {
  const { server, lab, ledger } = loss;
  const message = lab.message();
  const { nonce } = await ledger.admit(message);
  await server.kill('SIGSTOP');
  const settlement = ledger.settle({ message, nonce, effect: 'delivered', final: SENT });
  await eventually('the settlement to be on its way', () => loss.unanswered() > 0);
  await server.kill();
  await server.restart();
  expect(await settlement).toMatchObject({ status: 'first', final: SENT });
  expect((await ledger.admit(lab.message())).verdict).toMatchObject({ kind: 'quota' });
});

it('a call that the store refuses is not made again', async ({ loss }) => {
  const { lab, ledger } = loss;
  const message = { ...lab.message(), expiresAt: 'never' as unknown as number };
  await expect(ledger.admit(message)).rejects.toThrow(/user_script/);
});
