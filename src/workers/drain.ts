import type { Clock } from '../clock.ts';
import { withTimeout } from '../timeout.ts';
import type { RunningChannel } from './channel.ts';
import type { RunningStore } from './running-store.ts';

export interface Drained {
  /** Whether all jobs in progress were settled. */
  drained: boolean;
  /** The number of jobs abandoned at the deadline: they are redelivered to another worker, which finds their records. */
  abandoned: number;
}

/** How long before the deadline requests are aborted, to leave time to settle them. */
const SETTLE_SHARE = 0.25;
const SETTLE_CAP_MS = 2_000;
const POLL_MS = 100;

export interface DrainOptions {
  /** The deadline by the monotonic clock; it may come nearer while the channels close. */
  endsAt(): number;
  clock: Clock;
}

/**
 * Closes the channels within the deadline, even if Redis is unreachable (BullMQ's own `close` hangs then) or a platform
 * does not answer: first lets jobs in progress finish, then aborts and settles their requests, then abandons them.
 */
export async function closeWithin(
  channels: readonly RunningChannel[],
  { endsAt, clock }: DrainOptions,
): Promise<Drained> {
  const startedAt = clock.monotonic();
  const left = (): number => endsAt() - clock.monotonic();
  const settleMs = (): number => Math.min(SETTLE_CAP_MS, (endsAt() - startedAt) * SETTLE_SHARE);
  const stores = channels.flatMap((channel) => channel.stores);
  const active = (): number => stores.reduce((sum, { worker }) => sum + worker.active(), 0);
  const open = new Set(stores);
  const close = async (store: RunningStore): Promise<void> => {
    // A close fails if the store has become unreachable: there is nothing more to wait for.
    await store.worker.close().catch(() => {});
    open.delete(store);
  };
  const closing = Promise.all(stores.map(close));
  const over = (): boolean => [...open].every(isLost);
  await until(over, closing, () => left() - settleMs());
  if (!over()) {
    for (const { pipeline } of stores) pipeline.abort();
    await until(over, closing, left);
  }
  const abandoned = active();
  for (const { worker } of stores) worker.abandon();
  await within(Promise.all(channels.map((channel) => channel.close())), Math.max(50, left()));
  return { drained: abandoned === 0, abandoned };
}

/** Whether a close that is still waiting is in vain: nothing is in progress, Redis is away, and BullMQ would wait for it forever. */
const isLost = ({ worker, part }: RunningStore): boolean =>
  worker.active() === 0 && part.redis.status !== 'ready';

/** No event reports that Redis stays unreachable, so its state is polled. */
async function until(over: () => boolean, done: Promise<unknown>, left: () => number): Promise<void> {
  while (!over() && left() > 0) await within(done, Math.min(POLL_MS, left()));
}

const within = (done: Promise<unknown>, ms: number): Promise<unknown> => withTimeout(done, ms, () => {});
