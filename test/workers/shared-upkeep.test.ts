import { expect } from 'vitest';
import { createSharedUpkeep } from '../../src/workers/shared-upkeep.ts';
import { elapse, eventually } from '../support/eventually.ts';
import { CHANNEL, it } from '../support/scene.ts';
import { metric } from '../support/tally.ts';

it('lets idle workers share what they read of Redis', { timeout: 60_000 }, async ({ openScene }) => {
  const scene = await openScene();
  const workers = await Promise.all(Array.from({ length: 8 }, () => scene.worker()));
  await scene.send(1, { sendAt: new Date(Date.now() + 3_600_000).toISOString() });
  for (const worker of workers) {
    const scheduled = async () =>
      metric(await worker.metrics.render(), 'herald_queue_messages', { state: 'scheduled' });
    await eventually('each to tell the same', scheduled, (count) => count === 1, { withinMs: 15_000 });
  }
  const cards = async () =>
    Number(/cmdstat_zcard:calls=(\d+)/.exec(await scene.redis.info('commandstats'))?.[1] ?? 0);
  const before = await cards();
  await elapse(10_000);
  // Eight that look for themselves would ask some hundred and thirty times.
  expect((await cards()) - before).toBeLessThan(60);
});

it('takes the sample anew when it is old, also where it cannot be shared', async ({ openScene }) => {
  const scene = await openScene();
  const upkeep = createSharedUpkeep(scene.redis, CHANNEL);
  let taken = 0;
  const take = async () => ({ taken: ++taken }) as never;
  expect(await upkeep.sample(take)).toEqual({ taken: 1 });
  expect(await upkeep.sample(take)).toEqual({ taken: 1 });
  await eventually(
    'the next',
    () => upkeep.sample(take),
    (sample) => (sample as unknown as { taken: number }).taken === 2,
  );
  await scene.redis.flushall();
  await scene.redis.config('SET', 'maxmemory', '1');
  expect(await upkeep.sample(take)).toEqual({ taken: 3 });
  expect(await upkeep.sample(take)).toEqual({ taken: 4 });
});

it('lets one sweep at a time', async ({ openScene }) => {
  const scene = await openScene();
  const turns = await Promise.all(
    Array.from({ length: 5 }, () => createSharedUpkeep(scene.redis, CHANNEL).sweepTurn()),
  );
  expect(turns.filter(Boolean)).toHaveLength(1);
});

it('takes one sample for all that look at the same instant', async ({ openScene }) => {
  const scene = await openScene();
  let taken = 0;
  const take = async () => ({ taken: ++taken }) as never;
  const all = Array.from({ length: 8 }, () => createSharedUpkeep(scene.redis, CHANNEL).sample(take));
  expect(await Promise.all(all)).toEqual(Array.from({ length: 8 }, () => ({ taken: 1 })));
});
