import { describe, expect } from 'vitest';
import { EXIT } from '../../src/cli/context.ts';
import { CHANNEL } from '../support/scene.ts';
import { it } from './operator-scene.ts';

describe.concurrent('queue list', () => {
  it('lists what waits in the order in which workers take it, without the content', async ({
    openScene,
    operator,
  }) => {
    const scene = await openScene();
    const sendAt = new Date(Date.now() + 3_600_000).toISOString();
    await scene.send(13, { id: 'later', sendAt, content: 'private words' });
    await scene.send(12, { id: 'unhurried', priority: 3 });
    await scene.send(11, { id: 'first' });
    await scene.send(14, { id: 'second' });
    await scene.addForeign({ v: 2, id: 'from-afar' });
    await scene.addForeign('garbage');
    const documents = await operator.documents(scene, ['queue', 'list']);
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
      { id: null, problem: 'version 2 is newer than what this Herald reads' },
      { id: expect.any(String), to: null, problem: expect.any(String) },
      { id: 'unhurried' },
      { id: 'later', state: 'delayed', due_at: expect.stringMatching(/Z$/) },
    ]);
    const { exitCode, stdout } = await operator.run(scene, ['queue', 'list']);
    expect(exitCode).toBe(EXIT.done);
    expect(stdout).toMatch(/^channel +state +id +to +enqueued +due +pick-ups$/m);
    expect(stdout).toMatch(/^kongregate +ready +first +\{"userId":11\} +\S+Z +- +0$/m);
    expect(stdout + JSON.stringify(documents)).not.toContain('private');
  });

  it('lists only the state that is asked for, and only so many', async ({ openScene, operator }) => {
    const scene = await openScene();
    for (const userId of [11, 12, 13]) await scene.send(userId, { id: `to-${userId}` });
    const list = async (...argv: string[]) =>
      (await operator.documents(scene, ['queue', 'list', ...argv])).map(({ id }) => id);
    expect(await list('--limit', '2')).toEqual(['to-11', 'to-12']);
    expect(await list('--state', 'delayed')).toEqual([]);
    const { stdout } = await operator.run(scene, [
      'queue',
      'list',
      '--state',
      'delayed',
      '--state',
      'active',
    ]);
    expect(stdout).toBe('nothing waits\n');
    expect((await operator.run(scene, ['queue', 'list', '--state', 'dead'])).exitCode).toBe(EXIT.usage);
  });
});
