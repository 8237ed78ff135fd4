import { expect, it } from 'vitest';
import { createEpoch } from '../../src/ledger/epoch.ts';
import { openLab, useStore } from './harness.ts';

const store = useStore();

it('is begun anew by whoever knew an earlier one, also where a newcomer took the store for a new one', async () => {
  const lab = await openLab(store);
  await store.redis.flushall();
  const [first, second, newcomer] = [1, 2, 3].map(() => createEpoch(lab.store));
  expect(await first!.join()).toEqual({ cause: 'new', holdMs: 0 });
  expect(await second!.join()).toEqual({ cause: 'same', holdMs: 0 });
  await store.redis.flushall();
  expect(await newcomer!.join()).toEqual({ cause: 'new', holdMs: 0 });
  const begun = newcomer!.current();
  // The second one has not told yet what it knows: nobody may be admitted before it had the time.
  expect(await first!.join()).toMatchObject({ cause: 'flushed', holdMs: 4_000 });
  expect(first!.current()).not.toBe(begun);
  expect(await second!.join()).toMatchObject({ cause: 'flushed' });
  expect([second!.current(), await newcomer!.join()]).toMatchObject([first!.current(), { cause: 'flushed' }]);
});
