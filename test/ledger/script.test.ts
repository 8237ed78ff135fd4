import { expect, it } from 'vitest';
import { knownMessages } from '../../src/ledger/lookups.ts';
import { DAY, openLab, useStore } from './harness.ts';

const store = useStore();

it('sends a script’s text to a store that does not know it (any more)', async () => {
  const lab = await openLab(store);
  const message = lab.message();
  const grant = await lab.grant(message);
  await store.redis.script('FLUSH');
  expect(await lab.deliver(message, grant)).toMatchObject({ status: 'first' });
});

it('tells which messages are final for less than a day', async () => {
  const lab = await openLab(store);
  const [done, open] = [lab.message({ id: 'done', to: '1' }), lab.message({ id: 'open', to: '2' })];
  await lab.deliver(done, await lab.grant(done));
  await lab.grant(open);
  expect(await knownMessages(lab.store, ['done', 'open', 'never'])).toEqual([true, false, false]);
  await lab.elapse(DAY);
  expect(await knownMessages(lab.store, ['done', 'open', 'never'])).toEqual([false, false, false]);
});
