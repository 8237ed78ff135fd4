import { expect, it } from 'vitest';
import { collectEnds } from '../../src/jobs/job-ends.ts';
import type { Disposition } from '../../src/outcome.ts';

const HAND_BACK: Disposition = { kind: 'hand_back' };

it('has the dispositions of those that the job still carries, once all have ended', async () => {
  const ends = collectEnds(3);
  let settled = false;
  void ends.all.then(() => {
    settled = true;
  });
  ends.end(HAND_BACK);
  ends.end();
  await Promise.resolve();
  expect(settled).toBe(false);
  ends.end(HAND_BACK);
  expect(await ends.all).toEqual([HAND_BACK, HAND_BACK]);
});

it('fails with the first error, and not before the others have ended', async () => {
  const ends = collectEnds(3);
  let failed = false;
  ends.all.catch(() => {
    failed = true;
  });
  ends.fail(new Error('first'));
  ends.fail(new Error('second'));
  await Promise.resolve();
  expect(failed).toBe(false);
  ends.end(HAND_BACK);
  await expect(ends.all).rejects.toThrow('first');
});
