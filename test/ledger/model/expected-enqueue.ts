import { jobIdOf, type MessageSpec } from './setup.ts';
import type { ModelState } from './state.ts';

/**
 * A producer adds messages as one job: whether each is queued, or a duplicate. A message is known from its enqueue until a day
 * after its end, and to a call that is repeated, as its own; one that came without a record is not.
 */
export function enqueue(model: ModelState, jobId: string, messages: readonly MessageSpec[]): boolean[] {
  const fresh = messages.filter(
    (message, i) => !isRepeated(messages, i) && knownAs(model, message) === undefined,
  );
  const answer = messages.map(
    (message, i) => !isRepeated(messages, i) && (knownAs(model, message) ?? jobId) === jobId,
  );
  if (fresh.length === 0) return answer;
  // The job that an earlier call added has not got them.
  if (model.jobs.has(jobId)) return answer.map((queued, i) => queued && !fresh.includes(messages[i]!));
  model.jobs.add(jobId);
  for (const [i, message] of fresh.entries())
    enlist(model, fresh.length > 1 ? `${jobId}:${i}` : jobId, message);
  return answer;
}

const isRepeated = (messages: readonly MessageSpec[], index: number): boolean =>
  messages.findIndex(({ id }) => id === messages[index]!.id) < index;

/** The id of the job that the message is known by, empty where that is unknown; undefined if the message may be enqueued. */
function knownAs(model: ModelState, { id }: MessageSpec): string | undefined {
  const record = model.records.get(id);
  if (!record?.final) return record?.job && jobIdOf(record.job);
  return model.mayBeUsedAgain(record) ? undefined : jobIdOf(record.final.job ?? '');
}

function enlist(model: ModelState, job: string, message: MessageSpec): void {
  const record = model.records.get(message.id);
  const enlisted = { ...model.fresh(message), job };
  if (!record || record.final) model.records.set(message.id, enlisted);
  else Object.assign(record, { job, forgottenAt: Math.max(record.forgottenAt, enlisted.forgottenAt) });
}
