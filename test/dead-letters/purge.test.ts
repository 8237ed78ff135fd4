import { describe, expect } from 'vitest';
import { purgeLetters } from '../../src/dead-letters/purge.ts';
import { planLetters } from '../../src/dead-letters/selection.ts';
import { bury, it, replayAll, welcome } from '../admin/desk.ts';

describe.concurrent('a purge', () => {
  it('leaves a letter alone that was replayed after the plan was made', async ({ openScene, openDesk }) => {
    const scene = await openScene();
    const worker = await scene.worker();
    await bury(scene, [10, 20]);
    await worker.close();
    const desk = await openDesk(scene);
    // The plan of named letters is read at once, as a page of the index would be.
    const plan = await planLetters(desk, { ids: ['to-10', 'to-20'] });
    await replayAll(desk, { ids: ['to-10'] });
    const result = await purgeLetters(desk, plan.read());
    expect(result).toEqual({ purged: 1, replayedMeanwhile: 1, interrupted: false });
    welcome(scene, [10]);
    await scene.worker();
    expect(await scene.settled(3)).toEqual({ 'dead/bad_recipient': 2, 'delivered/sent': 1 });
  });

  it('deletes the record, and leaves the receipts', async ({ openScene, openDesk }) => {
    const scene = await openScene();
    await scene.worker();
    await bury(scene, [10, 20]);
    const desk = await openDesk(scene);
    const told: number[] = [];
    const options = { onStep: () => told.push(1) };
    const result = await purgeLetters(desk, (await planLetters(desk, { ids: ['to-10'] })).read(), options);
    expect([result.purged, told.length]).toEqual([1, 1]);
    expect((await planLetters(desk, {})).groups).toMatchObject([{ letters: 1 }]);
    expect(await scene.receipts()).toHaveLength(2);
    await purgeLetters(desk, (await planLetters(desk, {})).read());
    expect(await scene.redis.keys('*:letters*')).toEqual([]);
  });

  it('ends between two batches when it is told to', async ({ openScene, openDesk }) => {
    const scene = await openScene();
    const worker = await scene.worker();
    for (let i = 0; i < 501; i += 1) await scene.addForeign('garbage');
    await scene.settled(501);
    await worker.close();
    const desk = await openDesk(scene);
    const stop = new AbortController();
    const options = { signal: stop.signal, onStep: () => stop.abort() };
    const result = await purgeLetters(desk, (await planLetters(desk, {})).read(), options);
    expect(result).toEqual({ purged: 500, replayedMeanwhile: 0, interrupted: true });
    expect((await planLetters(desk, {})).letters).toBe(1);
  });
});
