import { describe, expect, it } from 'vitest';
import {
  fuzzAnswers,
  fuzzConfigs,
  fuzzControls,
  fuzzInputs,
  fuzzJobs,
  fuzzRequests,
} from '../../chaos/fuzz/trials.ts';

/** Some of what `npm run fuzz` does with a hundred thousand of each; always the same cases, so that it fails for all. */
describe('whatever comes in', () => {
  it('is a configuration, or every problem of it is told', () => {
    expect([...fuzzConfigs({ cases: 150, seed: 7 }).keys()].toSorted()).toEqual(['read', 'refused']);
  });

  it('is taken by a producer, or every problem of it is told', () => {
    expect([...fuzzInputs({ cases: 500, seed: 7 }).keys()].toSorted()).toEqual(['prepared', 'refused']);
  });

  it('of a platform is an outcome', async () => {
    const reached = await fuzzAnswers({ cases: 1_000, seed: 7 });
    expect([...reached.keys()].toSorted()).toEqual([
      'delivered',
      'failed',
      'rejected',
      'suppressed',
      'throttled',
      'unknown',
    ]);
  });

  it('as an order to cancel or reschedule is answered, whatever the record of the message looks like', async () => {
    const reached = await fuzzControls({ cases: 400, seed: 7 });
    expect([...reached.keys()].toSorted()).toEqual([
      'cancelled',
      'invalid',
      'refused',
      'rescheduled',
      'too_late',
      'unknown',
      'unknown_channel',
    ]);
  });

  it('as a job stops no worker and is not lost', async () => {
    const reached = await fuzzJobs({ cases: 250, seed: 7 });
    expect([...reached.keys()].toSorted()).toEqual(['delivery', 'invalid', 'newer']);
  });

  it('over HTTP is answered, or told what is wrong with it', async () => {
    const reached = await fuzzRequests({ cases: 200, seed: 7 });
    expect([...reached.keys()]).toEqual(
      expect.arrayContaining(['200', '202', '400', '401', '404', '415', '422', 'left']),
    );
  });
});
