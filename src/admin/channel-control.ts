import { combineCounts, combineStates } from '../channels/combine-samples.ts';
import type { Installation, OperatedChannel } from '../channels/installation.ts';
import { forgetChannel } from '../channels/registry.ts';
import { spreadHolds } from '../ledger/channel-holds.ts';
import { readChannelState, resumeChannel, stopChannel } from '../ledger/channel-state.ts';
import type { HoldReason } from '../observe/sample.ts';
import { holdOf } from './status.ts';

/** Pauses sending until the channel is resumed; requests in flight complete. */
export async function pauseChannel(channel: OperatedChannel): Promise<void> {
  await stopChannel(channel.home, 'paused');
  await tellShards(channel);
}

/** Copies the home's holds to the shards, which read only their own. */
async function tellShards({ home, stores: [, ...shards] }: OperatedChannel): Promise<void> {
  if (shards.length > 0) await spreadHolds({ home, shards: shards.map(({ store }) => store) });
}

export interface Resumed {
  /** Why the channel was stopped; null if it was not. */
  stopped: HoldReason | null;
  /** Whether there was a stop, a rest, an open breaker or a pause of the queue to end. */
  changed: boolean;
}

/** Ends a stop, a rest, an open breaker and the pause of a BullMQ dashboard; workers resume within seconds. */
export async function resume(channel: OperatedChannel): Promise<Resumed> {
  const queuePaused = await isAnyPaused(channel);
  const held = holdOf(await readChannelState(channel.home), queuePaused);
  const changed = await resumeChannel(channel.home);
  await tellShards(channel);
  // Workers rate limit the queue of a stopped channel, and that limit would outlast the stop.
  await Promise.all(channel.stores.map(({ queue }) => queue.resume()));
  return { stopped: held?.reason ?? null, changed: changed || queuePaused };
}

/** Whether one of its queues was paused in BullMQ. */
export const isAnyPaused = async ({ stores }: Pick<OperatedChannel, 'stores'>): Promise<boolean> =>
  (await Promise.all(stores.map(({ queue }) => queue.isPaused()))).includes(true);

export type Forgotten =
  | { kind: 'forgotten'; announced: boolean }
  /** Nothing was changed, since messages would be left in a queue that producers and workers no longer know. */
  | { kind: 'kept'; waiting: number; dead: number };

/**
 * Removes a channel that no longer exists from the channel registry: producers then refuse messages for it. Its queue and
 * ledger are kept, and a worker that serves it announces it again.
 * @param anyway even if messages wait or dead letters are left
 */
export async function forget(
  { directory, clock }: Installation,
  { name, stores }: OperatedChannel,
  anyway: boolean,
): Promise<Forgotten> {
  const counts = combineCounts(await Promise.all(stores.map(({ queue }) => queue.counts(clock.now()))));
  const waiting = counts.ready + counts.active + counts.delayed + counts.failed;
  const { letters } = combineStates(await Promise.all(stores.map(({ store }) => readChannelState(store))));
  const dead = Object.values(letters).reduce((sum, { count }) => sum + count, 0);
  if (!anyway && (waiting > 0 || dead > 0)) return { kind: 'kept', waiting, dead };
  return { kind: 'forgotten', announced: await forgetChannel(directory, name) };
}
