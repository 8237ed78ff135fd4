import type { Clock } from '../clock.ts';
import type { RunningChannel } from './channel.ts';

export interface Drained {
  /** Whether every job that was taken got settled. */
  drained: boolean;
  /** Jobs let go at the deadline: they come back to another worker and meet their own records. */
  abandoned: number;
}

/** Of the deadline, what is kept for settling the requests that are aborted before it. */
const SETTLE_SHARE = 0.25;
const SETTLE_AT_MOST_MS = 2_000;

/**
 * Closes the channels within the deadline, also when Redis is away (BullMQ's own `close` hangs then) or a platform
 * does not answer: first jobs under way may end, then their requests are aborted and settled, then they are let go.
 */
export async function closeWithin(
  channels: readonly RunningChannel[],
  deadlineMs: number,
  clock: Clock,
): Promise<Drained> {
  const startedAt = clock.monotonic();
  const left = (): number => deadlineMs - (clock.monotonic() - startedAt);
  const closed = Promise.all(channels.map(({ worker }) => worker.close())).then(() => true);
  // Rejections are of a store that went away meanwhile; the deadline then does the rest.
  const closing = closed.catch(() => false);
  const graceMs = deadlineMs - Math.min(SETTLE_AT_MOST_MS, deadlineMs * SETTLE_SHARE);
  if (!(await within(closing, graceMs))) {
    for (const { pipeline } of channels) pipeline.abort();
    await within(closing, left());
  }
  const abandoned = channels.reduce((sum, { worker }) => sum + worker.active(), 0);
  for (const { worker } of channels) worker.abandon();
  await within(
    Promise.all(channels.map((channel) => channel.close())).then(() => true),
    Math.max(50, left()),
  );
  return { drained: abandoned === 0, abandoned };
}

async function within(done: Promise<boolean>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), Math.max(0, ms));
  });
  try {
    return await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
  }
}
