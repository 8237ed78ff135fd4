import { describe, expect } from 'vitest';
import { channelKey } from '../../src/redis/keys.ts';
import { elapse, eventually } from '../../testing/eventually.ts';
import type { LocalWorker } from '../../testing/local-worker.ts';
import { metric } from '../../testing/metrics-parser.ts';
import { unhurried } from '../../testing/slowness.ts';
import { CHANNEL, type Environment, it } from '../support/environment.ts';

const readiness = async (worker: LocalWorker) => {
  const answer = await fetch(`${worker.url}/readyz`);
  return `${answer.status} ${await answer.text()}`;
};

const figure = async (worker: LocalWorker, name: string, labels = {}) =>
  metric(await worker.metrics(), name, labels);

const isUp = async (worker: LocalWorker) => (await figure(worker, 'herald_redis_up')) === 1;

const errorsOf = async ({ redis }: Environment, code: string) =>
  Number(new RegExp(`errorstat_${code}:count=(\\d+)`).exec(await redis.info('errorstats'))?.[1] ?? 0);

describe.concurrent('an idle worker', () => {
  it('says that its Redis is full, and that it is not any more', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const worker = await env.worker();
    await eventually('Redis to be up', () => isUp(worker));
    await env.redis.config('SET', 'maxmemory', '1');
    expect(await readiness(worker)).toMatch(/^503 .*OOM/);
    expect(await isUp(worker)).toBe(false);
    expect(await figure(worker, 'herald_redis_errors_total', { kind: 'oom' })).toBeGreaterThan(0);
    expect(worker.log()).toContain('redis refuses writes');
    await env.redis.config('SET', 'maxmemory', '0');
    await eventually('Redis to be up again', () => isUp(worker));
    await eventually(
      'it to be ready',
      () => readiness(worker),
      (answer) => answer.startsWith('200 '),
    );
    expect(worker.log()).toContain('redis accepts writes again');
  });

  it('shows no figures of a Redis that froze, and counts its way back', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const worker = await env.worker();
    const ready = () => figure(worker, 'herald_ready_messages');
    await eventually('a sample', ready, (count) => count === 0);
    await env.send(1);
    await env.settled(1);
    for (const call of ['admit', 'settle', 'sample'])
      expect(await figure(worker, 'herald_redis_call_duration_seconds_count', { call })).toBeGreaterThan(0);
    await env.server.kill('SIGSTOP');
    await eventually('Redis to be down', async () => !(await isUp(worker)));
    expect(await readiness(worker)).toMatch(/^503 /);
    await eventually('the gauges to go', ready, (count) => count === undefined);
    await env.server.kill('SIGCONT');
    await eventually('them to be back', ready, (count) => count === 0);
    await env.server.restart();
    await eventually('Redis to be up', () => isUp(worker));
    expect(await figure(worker, 'herald_redis_reconnects_total')).toBeGreaterThan(0);
    expect(await figure(worker, 'herald_redis_errors_total', { kind: 'timeout' })).toBeGreaterThan(0);
  });

  it('does not spin on a Redis that answers with errors', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    await env.redis.set(`${channelKey(CHANNEL)}:prioritized`, 'something else');
    const worker = await env.worker();
    await eventually('the first error', () => errorsOf(env, 'WRONGTYPE'), Boolean);
    const before = await errorsOf(env, 'WRONGTYPE');
    await elapse(3_000);
    expect((await errorsOf(env, 'WRONGTYPE')) - before).toBeLessThan(unhurried(40));
    expect(worker.log().match(/redis error/g)).toHaveLength(1);
  });
});
