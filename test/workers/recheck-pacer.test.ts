import { expect, it as plainIt } from 'vitest';
import type { PlatformClient } from '../../src/platforms/port.ts';
import { createRecheckPacer } from '../../src/workers/recheck-pacer.ts';
import { elapse, eventually } from '../../testing/eventually.ts';
import { metric } from '../../testing/metrics-parser.ts';
import { it } from '../support/environment.ts';

const WAITING = 400;
/** Looks: the line lets twenty a second through, and a busy machine makes up for late ones. */
const A_SECOND = 40;

/** The owner's request is under way for as long as it may be. */
const silentFor =
  (id: string) =>
  (client: PlatformClient): PlatformClient => ({
    ...client,
    send: (request) =>
      request.id === id
        ? new Promise((resolve) => {
            const end = () => resolve({ kind: 'unknown', reason: 'timeout', detail: 'no answer' });
            request.signal.addEventListener('abort', end, { once: true });
          })
        : client.send(request),
  });

it('bounds what it costs that many wait for one player', async ({ openEnvironment }) => {
  const env = await openEnvironment({
    channel: { timeout: '12s', patience: '10m', retry: { attempts: 12 } },
  });
  const worker = await env.worker({ wrap: { client: silentFor('owner') } });
  await env.send(1, { id: 'owner' });
  const text = () => worker.metrics();
  await eventually('the owner to be sent', async () => metric(await text(), 'herald_in_flight') === 1);
  await env.producer.sendMany(
    Array.from({ length: WAITING }, () => ({
      platform: 'kongregate' as const,
      to: { userId: 1 },
      content: 'Hi',
    })),
  );
  const looks = async () => metric(await text(), 'herald_admissions_total', { verdict: 'busy' }) ?? 0;
  await eventually('each to have looked', looks, (count) => count >= WAITING);
  const commands = async () =>
    Number(/total_commands_processed:(\d+)/.exec(await env.redis.info('stats'))?.[1]);
  // Once the first looks of all lie behind, what follows lasts for as long as the owner's end is unknown.
  await eventually(
    'the first looks to be over',
    async () => {
      const [before, since] = [await looks(), performance.now()];
      await elapse(1_000);
      return ((await looks()) - before) / ((performance.now() - since) / 1_000);
    },
    (aSecond) => aSecond < A_SECOND,
  );
  const from = performance.now();
  const [looksBefore, commandsBefore] = [await looks(), await commands()];
  await elapse(5_000);
  const [looked, commanded] = [(await looks()) - looksBefore, (await commands()) - commandsBefore];
  // A busy machine lets more than these five seconds pass.
  const seconds = (performance.now() - from) / 1_000;
  expect(looked / seconds).toBeLessThan(A_SECOND);
  expect(commanded / seconds).toBeLessThan(2_000);
});

plainIt('lets the few look as soon as they would, and the many one after the other', () => {
  let now = 0;
  const pacer = createRecheckPacer({ monotonic: () => now });
  expect(pacer.join('ann', 200)).toBe(200);
  expect(pacer.join('ann', 200)).toBe(200);
  expect(pacer.join('bob', 5_000)).toBe(5_000);
  const places = Array.from({ length: 100 }, () => pacer.join('ann', 200));
  expect(places.at(-1)).toBe(101 * 50 + 0);
  now += 60_000;
  expect(pacer.join('ann', 200)).toBe(200);
});

plainIt('remembers only lines that somebody stands in', () => {
  let now = 0;
  const pacer = createRecheckPacer({ monotonic: () => now });
  for (let i = 0; i < 10_000; i += 1) {
    now += 1;
    pacer.join(`player-${i}`, 200);
  }
  expect(pacer.join('player-0', 200)).toBe(200);
});
