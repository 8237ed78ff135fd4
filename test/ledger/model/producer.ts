import { expect } from 'vitest';
import { enqueueJob } from '../../../src/jobs/enqueue.ts';
import { enqueue as expectedAnswer } from './expected-enqueue.ts';
import type { Both, Real } from './run.ts';
import { jobIdOf, MESSAGES, type MessageSpec } from './setup.ts';

export interface EnqueueHow {
  /** All that are enqueued with its job are. */
  spec: MessageSpec;
  /** The job that was added before has ended. */
  over: boolean;
  /** The producer lost the store's answer, and asks once more. */
  twice: boolean;
  /** Some are named twice. */
  doubled: boolean;
}

/** A producer adds a job, for the first time or again. */
export async function enqueue(
  { model, books }: Both,
  { lab, store, message }: Real,
  how: EnqueueHow,
): Promise<void> {
  const jobId = jobIdOf(how.spec.job);
  const together = MESSAGES.filter(({ job }) => jobIdOf(job) === jobId);
  const specs = how.doubled ? [...together, ...together] : together;
  if (how.over) {
    await store.redis.del(`${lab.base.slice(0, -'ledger'.length)}${jobId}`);
    model.jobs.delete(jobId);
  }
  const messages = specs.map((spec) => {
    const { id, expiresAt } = lab.present(message(spec));
    return { id, expiresAt, text: JSON.stringify({ id }) };
  });
  for (const again of how.twice ? [false, true] : [false]) {
    const ended = specs.filter(
      ({ id }) => model.records.get(id)?.final !== undefined || !model.records.has(id),
    );
    const answer = await enqueueJob(lab.store, {
      jobId,
      priority: 0,
      dueAt: undefined,
      messages,
    });
    const expected = expectedAnswer(model, jobId, specs);
    expect(answer, again ? 'enqueued once more' : 'enqueued').toEqual(expected);
    const begun = ended.filter(
      ({ id }) => model.records.get(id)?.final === undefined && model.records.has(id),
    );
    for (const id of new Set(begun.map((spec) => spec.id))) books.newLife(id);
  }
}
