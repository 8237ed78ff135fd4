import { MAX_MESSAGES, MAX_MESSAGES_BYTES } from '../jobs/job-ids.ts';
import type { PreparedMessage } from './prepare.ts';

/** Messages of one store, priority and moment, which become one job. */
export interface JobGroup {
  /** The name of the store. */
  store: string;
  messages: PreparedMessage[];
}

/** The most that a job's data take beside its messages, in bytes. */
const FRAME_BYTES = 64;

export interface Limits {
  messages: number;
  bytes: number;
}

const LIMITS: Limits = { messages: MAX_MESSAGES, bytes: MAX_MESSAGES_BYTES - FRAME_BYTES };

/**
 * Deals messages out to jobs: those of one store, priority and moment travel together, in the order given, up to the limits.
 * One that is larger than the limit travels alone.
 * @param storeOf the name of the store that a message belongs to
 */
export function groupIntoJobs(
  messages: Iterable<PreparedMessage>,
  storeOf: (message: PreparedMessage) => string,
  limits: Limits = LIMITS,
): JobGroup[] {
  const jobs: JobGroup[] = [];
  /** The job of each store, priority and moment that is being filled. */
  const open = new Map<string, JobGroup & { bytes: number }>();
  for (const message of messages) {
    const store = storeOf(message);
    const kind = `${store} ${message.priority} ${message.dueAt ?? ''}`;
    const bytes = Buffer.byteLength(message.text) + 1;
    const filling = open.get(kind);
    if (filling && filling.messages.length < limits.messages && filling.bytes + bytes <= limits.bytes) {
      filling.messages.push(message);
      filling.bytes += bytes;
      continue;
    }
    const group = { store, messages: [message], bytes };
    open.set(kind, group);
    jobs.push(group);
  }
  return jobs;
}
