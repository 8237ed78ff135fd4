import { describe, expect } from 'vitest';
import { EXIT } from '../../../src/cli/context.ts';
import { eventually } from '../../../testing/eventually.ts';
import { bury } from '../../admin/admin-fixture.ts';
import { CHANNEL } from '../../support/environment.ts';
import { it } from '../operator-fixture.ts';
import { herald } from '../test-context.ts';

describe.concurrent('channel', () => {
  it('pause holds every message, resume lets them go within seconds', async ({
    openEnvironment,
    operator,
  }) => {
    const env = await openEnvironment();
    await env.worker();
    const paused = await operator.run(env, ['channel', 'pause', CHANNEL]);
    expect([paused.exitCode, paused.stdout]).toEqual([EXIT.done, 'kongregate paused\n']);
    await env.send(11);
    const [status] = await operator.documents(env, ['status']);
    expect(status).toMatchObject({ stopped: { reason: 'paused' }, sendable: 0 });
    expect(env.sandbox.journal.report().calls).toBe(0);
    const resumed = await operator.run(env, ['channel', 'resume', CHANNEL]);
    expect(resumed.stdout).toBe('kongregate resumed (it was stopped: paused)\n');
    expect(await env.settled(1)).toEqual({ 'delivered/sent': 1 });
    const again = await operator.documents(env, ['channel', 'resume', CHANNEL]);
    expect(again).toEqual([{ channel: CHANNEL, was_stopped: null, changed: false }]);
  });

  it('resume ends the pause of a BullMQ dashboard, which status and explain tell', async ({
    openEnvironment,
    operator,
  }) => {
    const env = await openEnvironment();
    const worker = await env.worker();
    await env.queue.pause();
    await env.send(11, { id: 'held' });
    const [status] = await operator.documents(env, ['status']);
    expect(status).toMatchObject({ stopped: { reason: 'queue_paused', since: null }, sendable: 0, ready: 1 });
    expect(await operator.documents(env, ['explain', 'held'])).toMatchObject([
      {
        stopped: { reason: 'queue_paused' },
        next: expect.stringMatching(
          /^It waits: channel kongregate is stopped \(queue_paused\) until `herald/,
        ),
      },
    ]);
    const found = await operator.documents(env, ['doctor']);
    expect(JSON.stringify(found)).toContain('its BullMQ queue is paused (by a dashboard');
    const gauge = 'herald_channel_stopped{channel="kongregate",reason="queue_paused"}';
    await eventually(
      'the gauge',
      () => worker.metrics(),
      (text) => text.includes(`${gauge} 1`),
      { withinMs: 20_000 },
    );
    const resumed = await operator.run(env, ['channel', 'resume', CHANNEL]);
    expect(resumed.stdout).toBe('kongregate resumed (it was stopped: queue_paused)\n');
    expect(await env.settled(1)).toEqual({ 'delivered/sent': 1 });
  });

  it('resume ends the rest that a stop left in the queue', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    await env.queue.rateLimit(600_000);
    await operator.run(env, ['channel', 'resume', CHANNEL]);
    await env.worker();
    await env.send(11);
    expect(await env.settled(1)).toEqual({ 'delivered/sent': 1 });
  });

  it('forget refuses while messages or letters are left, unless told', async ({
    openEnvironment,
    operator,
  }) => {
    const env = await openEnvironment();
    const worker = await env.worker();
    await bury(env, [10]);
    await worker.close();
    await env.send(11);
    const refused = await operator.run(env, ['channel', 'forget', CHANNEL]);
    expect([refused.exitCode, refused.stderr]).toEqual([
      EXIT.usage,
      'herald: kongregate still has 1 messages in its queue and 1 dead letters; use --yes to forget it anyway\n',
    ]);
    expect(await env.redis.hexists('herald:channels', CHANNEL)).toBe(1);
    const forgotten = await operator.run(env, ['channel', 'forget', CHANNEL, '--yes']);
    expect([forgotten.exitCode, forgotten.stdout]).toEqual([EXIT.done, 'kongregate forgotten\n']);
    expect(await env.redis.hexists('herald:channels', CHANNEL)).toBe(0);
    expect((await operator.run(env, ['channel', 'forget', CHANNEL, '--yes'])).stdout).toContain(
      'was not announced',
    );
  });

  it('names the channels that it knows where one is unknown', async ({ openEnvironment, operator }) => {
    const { exitCode, stderr } = await operator.run(await openEnvironment(), [
      'channel',
      'pause',
      'kongregat',
    ]);
    expect([exitCode, stderr]).toEqual([EXIT.usage, expect.stringContaining('Known: kongregate.')]);
  });

  it('ends with 3 when Redis is away', async ({ expect }) => {
    const env = { REDIS_URL: 'redis://127.0.0.1:1' };
    expect((await herald(['channel', 'pause', CHANNEL], { env })).exitCode).toBe(EXIT.unreachable);
  });
});
