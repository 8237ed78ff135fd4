import { expect, it } from 'vitest';
import { dropLetter, findLetter, forgetNames, listLetter } from '../../src/ledger/letters.ts';
import { useStore } from './harness.ts';

const store = useStore();

it('forgets the names of letters that are listed no more, and no others', async () => {
  const base = '{letter-names}:ledger';
  for (const i of [1, 2, 3]) {
    await listLetter(store.redis, base, { reason: 'exhausted', id: `message-${i}`, jobId: `job-${i}` }, i);
  }
  await dropLetter(store.redis, base, { reason: 'exhausted', id: '', jobId: 'job-2' });
  expect(await findLetter(store.redis, base, 'message-2')).toBe('job-2');
  await forgetNames(store.redis, base);
  expect(await findLetter(store.redis, base, 'message-2')).toBeNull();
  expect(await findLetter(store.redis, base, 'message-1')).toBe('job-1');
  expect(await findLetter(store.redis, base, 'message-3')).toBe('job-3');
});
