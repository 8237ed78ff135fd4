import type { ChannelState } from '../ledger/channel-state.ts';
import type { ChannelSample } from '../observe/sample.ts';
import { sampleChannel } from '../workers/sampler.ts';
import type { Installation } from './installation.ts';

/** How one channel stands: what its gauges say, and since when or until when it is held. */
export interface ChannelStatus extends Omit<ChannelSample, 'resting' | 'stopped'> {
  /** Times in milliseconds since the epoch, store's clock. */
  stopped: ChannelState['stopped'];
  resting: ChannelState['resting'];
}

/** @param only names of channels; all of them when absent */
export async function readStatus(
  { redis, clock, channels }: Installation,
  only?: readonly string[],
): Promise<ChannelStatus[]> {
  const wanted = channels.filter(({ name }) => only?.includes(name) ?? true);
  return await Promise.all(
    wanted.map(async ({ name, base, queue }) => {
      const {
        state,
        limited: _,
        ...sample
      } = await sampleChannel({ channel: name, base, queue, redis }, clock);
      return { ...sample, stopped: state.stopped, resting: state.resting };
    }),
  );
}
