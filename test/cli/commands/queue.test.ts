import { describe, expect } from 'vitest';
import { EXIT } from '../../../src/cli/context.ts';
import { CHANNEL } from '../../support/environment.ts';
import { it } from '../operator-fixture.ts';

describe.concurrent('queue list', () => {
  it('lists what waits in the order in which workers take it, without the content', async ({
    openEnvironment,
    operator,
  }) => {
    const env = await openEnvironment();
    const sendAt = new Date(Date.now() + 3_600_000).toISOString();
    await env.send(13, { id: 'later', sendAt, content: 'private words' });
    await env.send(12, { id: 'unhurried', priority: 3 });
    await env.send(11, { id: 'first' });
    await env.send(14, { id: 'second' });
    await env.addForeign({ v: 2, id: 'from-afar' });
    await env.addForeign('garbage');
    const documents = await operator.documents(env, ['queue', 'list']);
    expect(documents).toMatchObject([
      {
        channel: CHANNEL,
        id: 'first',
        state: 'ready',
        to: { userId: 11 },
        due_at: null,
        pickups: 0,
        problem: null,
      },
      { id: 'second' },
      { id: null, problem: 'version 2 is newer than this Herald supports' },
      { id: expect.any(String), to: null, problem: expect.any(String) },
      { id: 'unhurried' },
      { id: 'later', state: 'delayed', due_at: expect.stringMatching(/Z$/) },
    ]);
    const { exitCode, stdout } = await operator.run(env, ['queue', 'list']);
    expect(exitCode).toBe(EXIT.done);
    expect(stdout).toMatch(/^channel +state +id +to +enqueued +due +pick-ups$/m);
    expect(stdout).toMatch(/^kongregate +ready +first +\{"userId":11\} +\S+Z +- +0$/m);
    expect(stdout + JSON.stringify(documents)).not.toContain('private');
  });

  it('lists what a foreign producer enqueued at no instant, or for none', async ({
    openEnvironment,
    operator,
  }) => {
    const env = await openEnvironment();
    await env.send(11, { id: 'good' });
    await env.addForeign('garbage', { timestamp: 1.8e18 });
    await env.redis.zadd(env.queue.toKey('delayed'), '4e21', await env.addForeign('later', { delay: 1e6 }));
    expect(await operator.documents(env, ['queue', 'list'])).toMatchObject([
      { id: 'good', enqueued_at: expect.stringMatching(/Z$/) },
      { enqueued_at: null, due_at: null },
      { state: 'delayed', due_at: '+275760-09-13T00:00:00.000Z' },
    ]);
    const { exitCode, stdout } = await operator.run(env, ['queue', 'list']);
    expect([exitCode, stdout]).toEqual([EXIT.done, expect.stringMatching(/^kongregate +ready .* - +- +0$/m)]);
  });

  it('lists only the state that is asked for, and only so many', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    for (const userId of [11, 12, 13]) await env.send(userId, { id: `to-${userId}` });
    const list = async (...argv: string[]) =>
      (await operator.documents(env, ['queue', 'list', ...argv])).map(({ id }) => id);
    expect(await list('--limit', '2')).toEqual(['to-11', 'to-12']);
    expect(await list('--state', 'delayed')).toEqual([]);
    const { stdout } = await operator.run(env, ['queue', 'list', '--state', 'delayed', '--state', 'active']);
    expect(stdout).toBe('no messages are waiting\n');
    expect((await operator.run(env, ['queue', 'list', '--state', 'dead'])).exitCode).toBe(EXIT.usage);
  });
});
