import { describe, expect } from 'vitest';
import { purgeSelected } from '../../src/dead-letters/purge.ts';
import { selectDeadLetters } from '../../src/dead-letters/selection.ts';
import { MESSAGE_JOB } from '../../src/jobs/job-ids.ts';
import { bury, it, replayAll, welcome } from '../admin/admin-fixture.ts';

describe.concurrent('a purge', () => {
  it('leaves a letter alone that was replayed after the plan was made', async ({
    openEnvironment,
    openInstallation,
  }) => {
    const env = await openEnvironment();
    const worker = await env.worker();
    await bury(env, [10, 20]);
    await worker.close();
    const installation = await openInstallation(env);
    // The plan of named letters is read at once, as a page of the index would be.
    const plan = await selectDeadLetters(installation, { ids: ['to-10', 'to-20'] });
    await replayAll(installation, { ids: ['to-10'] });
    const result = await purgeSelected(plan.read());
    expect(result).toEqual({ purged: 1, replayedMeanwhile: 1, interrupted: false });
    welcome(env, [10]);
    await env.worker();
    expect(await env.settled(3)).toEqual({ 'dead/bad_recipient': 2, 'delivered/sent': 1 });
  });

  it('deletes the record, and leaves the receipts', async ({ openEnvironment, openInstallation }) => {
    const env = await openEnvironment();
    await env.worker();
    await bury(env, [10, 20]);
    const installation = await openInstallation(env);
    const told: number[] = [];
    const options = { onStep: () => told.push(1) };
    const result = await purgeSelected(
      (await selectDeadLetters(installation, { ids: ['to-10'] })).read(),
      options,
    );
    expect([result.purged, told.length]).toEqual([1, 1]);
    expect((await selectDeadLetters(installation, {})).groups).toMatchObject([{ letters: 1 }]);
    expect(await env.receipts()).toHaveLength(2);
    await purgeSelected((await selectDeadLetters(installation, {})).read());
    expect(await env.redis.keys('*:letters*')).toEqual([]);
  });

  it('ends between two batches when it is told to', async ({ openEnvironment, openInstallation }) => {
    const env = await openEnvironment();
    const worker = await env.worker();
    // One batch more than may be under way at a time.
    await env.queue.addBulk(Array.from({ length: 1_501 }, () => ({ name: MESSAGE_JOB, data: 'garbage' })));
    await env.settled(1_501);
    await worker.close();
    const installation = await openInstallation(env);
    const stop = new AbortController();
    const options = { signal: stop.signal, onStep: () => stop.abort() };
    const result = await purgeSelected((await selectDeadLetters(installation, {})).read(), options);
    expect(result).toMatchObject({ replayedMeanwhile: 0, interrupted: true });
    const { letters } = await selectDeadLetters(installation, {});
    expect([letters > 0, letters + result.purged]).toEqual([true, 1_501]);
  });
});
