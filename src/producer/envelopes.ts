import { MAX_MESSAGES, MAX_MESSAGES_BYTES } from '../jobs/job-ids.ts';
import type { PreparedMessage } from './prepare.ts';

/** What the brackets of a job's data take at most, in bytes. */
const FRAME_BYTES = 64;

export interface Limits {
  messages: number;
  bytes: number;
}

const LIMITS: Limits = { messages: MAX_MESSAGES, bytes: MAX_MESSAGES_BYTES - FRAME_BYTES };

interface Envelope {
  messages: PreparedMessage[];
  bytes: number;
}

/**
 * Deals messages out to jobs: those of one channel, priority and moment travel together, in the order given, up to the limits.
 * One that is larger than the limit travels alone.
 */
export function groupIntoJobs(
  messages: Iterable<PreparedMessage>,
  limits: Limits = LIMITS,
): PreparedMessage[][] {
  const jobs: PreparedMessage[][] = [];
  /** The one of each kind that is being filled. */
  const open = new Map<string, Envelope>();
  for (const message of messages) {
    const kind = `${message.channel} ${message.priority} ${message.dueAt ?? ''}`;
    const bytes = Buffer.byteLength(message.text) + 1;
    const filling = open.get(kind);
    if (filling && filling.messages.length < limits.messages && filling.bytes + bytes <= limits.bytes) {
      filling.messages.push(message);
      filling.bytes += bytes;
      continue;
    }
    const envelope = { messages: [message], bytes };
    open.set(kind, envelope);
    jobs.push(envelope.messages);
  }
  return jobs;
}
