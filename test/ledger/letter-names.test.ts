import { expect, it } from 'vitest';
import { dropLetter, findLetter, forgetNames, listLetter, unlisted } from '../../src/ledger/letters.ts';
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

it('tells which jobs are listed for no reason, and of those only the ones still in the failed set', async () => {
  const base = '{unlisted}:ledger';
  const failed = '{unlisted}:failed';
  await listLetter(store.redis, base, { reason: 'exhausted', id: 'message', jobId: 'listed' }, 1);
  await store.redis.zadd(failed, 1, 'listed', 1, 'given-up');
  const jobs = ['listed', 'given-up', 'moved-by-a-replay'];
  expect(await unlisted(store.redis, base, jobs)).toEqual(['given-up', 'moved-by-a-replay']);
  expect(await unlisted(store.redis, base, jobs, failed)).toEqual(['given-up']);
});
