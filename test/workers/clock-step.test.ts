import { expect } from 'vitest';
import { elapse, eventually } from '../../testing/eventually.ts';
import { type Environment, it } from '../support/environment.ts';

const HOUR_MS = 3_600_000;
const STEP_MS = 3 * 24 * HOUR_MS;

const PLAYERS = Array.from({ length: 30 }, (_, i) => 1_001 + 10 * i);
const AT_ONCE = [11, 21, 31, 41, 51];

/** Messages that are due bring the worker to its queue at once, where BullMQ promotes what its clock calls due. */
async function wake(env: Environment): Promise<void> {
  for (const player of AT_ONCE) {
    await elapse(20);
    await env.send(player);
  }
}

const callsTo = (env: Environment, players: readonly number[]) =>
  env.sandbox.journal.calls().filter(({ recipient }) => players.includes(Number(recipient))).length;

/** Long enough for BullMQ to bring every delayed job up by the stepped clock, and for the guard to look twice. */
const MEANWHILE_MS = 5_000;

const waiting = (env: Environment) => env.queue.getJobCounts('waiting', 'delayed', 'active');

it.concurrent('a clock stepped by days while running sends nothing early', async ({ openEnvironment }) => {
  const env = await openEnvironment();
  const worker = env.spawn();
  await worker.ready();
  const sendAt = Date.now() + HOUR_MS;
  for (const player of PLAYERS) await env.send(player, { sendAt: new Date(sendAt).toISOString() });
  worker.stepClock(STEP_MS);
  await wake(env);
  await elapse(MEANWHILE_MS);
  expect(callsTo(env, PLAYERS)).toBe(0);
  worker.stepClock(0);
  // What came up early is put back: to its instant, and by the store's clock.
  await eventually(
    'all to be delayed again',
    () => waiting(env),
    ({ delayed }) => delayed === 30,
  );
  const scores = await env.redis.zrange(env.queue.toKey('delayed'), '0', '-1', 'WITHSCORES');
  for (const score of scores.filter((_, i) => i % 2 === 1))
    expect(Math.abs(Number(score) / 4096 - sendAt)).toBeLessThan(2_000);
  await eventually(
    'what is due to be sent',
    () => callsTo(env, AT_ONCE),
    (calls) => calls === 5,
  );
  expect(callsTo(env, PLAYERS)).toBe(0);
});

it.concurrent('a clock stepped by days while running ends nothing that waits for its window', async ({
  openEnvironment,
}) => {
  const env = await openEnvironment({ channel: { quota: { per: '1h', boundary: 'rolling' } } });
  const worker = env.spawn();
  await worker.ready();
  for (const player of PLAYERS) await env.send(player);
  expect(await env.settled(30)).toEqual({ 'delivered/sent': 30 });
  for (const player of PLAYERS) await env.send(player, { onQuota: 'defer' });
  await eventually(
    'all to wait',
    () => waiting(env),
    ({ delayed }) => delayed === 30,
  );
  worker.stepClock(STEP_MS);
  await wake(env);
  await elapse(MEANWHILE_MS);
  worker.stepClock(0);
  await eventually(
    'what is due to be sent, and nothing else to end',
    () => env.receiptCount(),
    (receipts) => receipts === 30 + AT_ONCE.length,
  );
  await eventually(
    'all to wait again',
    () => waiting(env),
    ({ delayed }) => delayed === 30,
  );
  const scores = await env.redis.zrange(env.queue.toKey('delayed'), '0', '-1', 'WITHSCORES');
  for (const score of scores.filter((_, i) => i % 2 === 1))
    expect(Number(score) / 4096 - Date.now()).toBeLessThan(2 * HOUR_MS);
});
