import { describe, expect } from 'vitest';
import { EXIT } from '../../src/cli/context.ts';
import { bury } from '../admin/desk.ts';
import { eventually } from '../support/eventually.ts';
import { CHANNEL } from '../support/scene.ts';
import { it } from './operator-scene.ts';
import { herald } from './test-context.ts';

describe.concurrent('channel', () => {
  it('pause holds every message, resume lets them go within seconds', async ({ openScene, operator }) => {
    const scene = await openScene();
    await scene.worker();
    const paused = await operator.run(scene, ['channel', 'pause', CHANNEL]);
    expect([paused.exitCode, paused.stdout]).toEqual([EXIT.done, 'kongregate is paused\n']);
    await scene.send(11);
    const [status] = await operator.documents(scene, ['status']);
    expect(status).toMatchObject({ stopped: { reason: 'paused' }, sendable: 0 });
    expect(scene.sandbox.journal.report().calls).toBe(0);
    const resumed = await operator.run(scene, ['channel', 'resume', CHANNEL]);
    expect(resumed.stdout).toBe('kongregate resumed (it was stopped: paused)\n');
    expect(await scene.settled(1)).toEqual({ 'delivered/sent': 1 });
    const again = await operator.documents(scene, ['channel', 'resume', CHANNEL]);
    expect(again).toEqual([{ channel: CHANNEL, was_stopped: null, changed: false }]);
  });

  it('resume ends the pause of a BullMQ dashboard, which status and explain tell', async ({
    openScene,
    operator,
  }) => {
    const scene = await openScene();
    const worker = await scene.worker();
    await scene.queue.pause();
    await scene.send(11, { id: 'held' });
    const [status] = await operator.documents(scene, ['status']);
    expect(status).toMatchObject({ stopped: { reason: 'queue_paused', since: null }, sendable: 0, ready: 1 });
    expect(await operator.documents(scene, ['explain', 'held'])).toMatchObject([
      {
        stopped: { reason: 'queue_paused' },
        next: expect.stringMatching(
          /^It waits, for channel kongregate is stopped \(queue_paused\) until `herald/,
        ),
      },
    ]);
    const found = await operator.documents(scene, ['doctor']);
    expect(JSON.stringify(found)).toContain('its BullMQ queue is paused, by a dashboard');
    const gauge = 'herald_channel_stopped{channel="kongregate",reason="queue_paused"}';
    await eventually(
      'the gauge',
      () => worker.metrics.render(),
      (text) => text.includes(`${gauge} 1`),
      { withinMs: 20_000 },
    );
    const resumed = await operator.run(scene, ['channel', 'resume', CHANNEL]);
    expect(resumed.stdout).toBe('kongregate resumed (it was stopped: queue_paused)\n');
    expect(await scene.settled(1)).toEqual({ 'delivered/sent': 1 });
  });

  it('resume ends the rest that a stop left in the queue', async ({ openScene, operator }) => {
    const scene = await openScene();
    await scene.queue.rateLimit(600_000);
    await operator.run(scene, ['channel', 'resume', CHANNEL]);
    await scene.worker();
    await scene.send(11);
    expect(await scene.settled(1)).toEqual({ 'delivered/sent': 1 });
  });

  it('forget refuses while messages or letters are left, unless told', async ({ openScene, operator }) => {
    const scene = await openScene();
    const worker = await scene.worker();
    await bury(scene, [10]);
    await worker.close();
    await scene.send(11);
    const refused = await operator.run(scene, ['channel', 'forget', CHANNEL]);
    expect([refused.exitCode, refused.stderr]).toEqual([
      EXIT.usage,
      'herald: kongregate still has 1 messages in its queue and 1 dead letters; --yes forgets it all the same\n',
    ]);
    expect(await scene.redis.hexists('herald:channels', CHANNEL)).toBe(1);
    const forgotten = await operator.run(scene, ['channel', 'forget', CHANNEL, '--yes']);
    expect([forgotten.exitCode, forgotten.stdout]).toEqual([EXIT.done, 'kongregate is forgotten\n']);
    expect(await scene.redis.hexists('herald:channels', CHANNEL)).toBe(0);
    expect((await operator.run(scene, ['channel', 'forget', CHANNEL, '--yes'])).stdout).toContain(
      'was not announced',
    );
  });

  it('names the channels that it knows where one is unknown', async ({ openScene, operator }) => {
    const { exitCode, stderr } = await operator.run(await openScene(), ['channel', 'pause', 'kongregat']);
    expect([exitCode, stderr]).toEqual([EXIT.usage, expect.stringContaining('(known: kongregate)')]);
  });

  it('ends with 3 when Redis is away', async ({ expect }) => {
    const env = { REDIS_URL: 'redis://127.0.0.1:1' };
    expect((await herald(['channel', 'pause', CHANNEL], { env })).exitCode).toBe(EXIT.unreachable);
  });
});
