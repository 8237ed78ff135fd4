import { describe, expect, it } from 'vitest';
import { fuzzAnswers, fuzzConfigs, fuzzInputs, fuzzJobs } from '../../chaos/fuzz/trials.ts';

/** Some of what `npm run fuzz` does with a hundred thousand of each; always the same cases, so that it fails for all. */
describe('whatever comes in', { timeout: 60_000 }, () => {
  it('is a configuration, or every problem of it is told', () => {
    expect(() => fuzzConfigs({ cases: 150, seed: 7 })).not.toThrow();
  });

  it('is taken by a producer, or every problem of it is told', () => {
    expect(() => fuzzInputs({ cases: 500, seed: 7 })).not.toThrow();
  });

  it('of a platform is an outcome', async () => {
    await expect(fuzzAnswers({ cases: 500, seed: 7 })).resolves.toBeUndefined();
  });

  it('as a job stops no worker and is not lost', async () => {
    await expect(fuzzJobs({ cases: 500, seed: 7 })).resolves.toBeUndefined();
  });
});
