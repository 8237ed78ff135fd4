import type { Installation, OperatedChannel } from '../channels/installation.ts';
import { forgetChannel } from '../channels/registry.ts';
import { readChannelState, resumeChannel, stopChannel } from '../ledger/channel-state.ts';
import type { HoldReason } from '../observe/sample.ts';
import { holdOf } from './status.ts';

/** Pauses sending until the channel is resumed; requests in flight complete. */
export async function pauseChannel({ store }: OperatedChannel): Promise<void> {
  await stopChannel(store, 'paused');
}

export interface Resumed {
  /** Why the channel was stopped; null if it was not. */
  stopped: HoldReason | null;
  /** Whether there was a stop, a rest, an open breaker or a pause of the queue to end. */
  changed: boolean;
}

/** Ends a stop, a rest, an open breaker and the pause of a BullMQ dashboard; workers resume within seconds. */
export async function resume({ store, queue }: OperatedChannel): Promise<Resumed> {
  const queuePaused = await queue.isPaused();
  const held = holdOf(await readChannelState(store), queuePaused);
  const changed = await resumeChannel(store);
  // Workers rate limit the queue of a stopped channel, and that limit would outlast the stop.
  await queue.resume();
  return { stopped: held?.reason ?? null, changed: changed || queuePaused };
}

export type Forgotten =
  | { kind: 'forgotten'; announced: boolean }
  /** Nothing was changed: messages would be left in a queue that producers and workers no longer know. */
  | { kind: 'kept'; waiting: number; dead: number };

/**
 * Removes a channel that no longer exists from the channel registry: producers then refuse messages for it. Its queue and
 * ledger are kept, and a worker that serves it announces it again.
 * @param anyway even if messages wait or dead letters are left
 */
export async function forget(
  { directory, clock }: Installation,
  { name, store, queue }: OperatedChannel,
  anyway: boolean,
): Promise<Forgotten> {
  const { ready, active, delayed, failed } = await queue.counts(clock.now());
  const waiting = ready + active + delayed + failed;
  const { letters } = await readChannelState(store);
  const dead = Object.values(letters).reduce((sum, { count }) => sum + count, 0);
  if (!anyway && (waiting > 0 || dead > 0)) return { kind: 'kept', waiting, dead };
  return { kind: 'forgotten', announced: await forgetChannel(directory, name) };
}
