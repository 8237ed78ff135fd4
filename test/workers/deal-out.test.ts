import { expect, it } from 'vitest';
import { knownHere } from '../../src/workers/deal-out.ts';
import { DAY, openLab, SECOND, useStore } from '../ledger/harness.ts';

const store = useStore();

it('takes a message for a new one where its id may be used again', async () => {
  const lab = await openLab(store);
  const first = lab.message({ id: 'daily', jobId: 'monday' });
  expect(await knownHere(lab.store, first)).toEqual({ final: false, notBefore: undefined });
  await lab.deliver(first, await lab.grant(first));
  const second = lab.message({ id: 'daily', jobId: 'tuesday' });
  for (const message of [first, second]) expect(await knownHere(lab.store, message)).toEqual({ final: true });
  await lab.elapse(DAY + SECOND);
  // Delivered here, it would be sent without a look at the slot of its player, which is in a shard.
  expect(await knownHere(lab.store, lab.present(second))).toEqual({ final: false, notBefore: undefined });
  expect(await knownHere(lab.store, lab.present(first))).toEqual({ final: true });
});
