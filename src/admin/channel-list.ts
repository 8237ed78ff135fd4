import { aliveWorkers } from '../channels/heartbeats.ts';
import type { Installation } from '../channels/installation.ts';
import { type ChannelState, readChannelState } from '../ledger/channel-state.ts';
import { isAnyPaused } from './channel-control.ts';
import { type Hold, holdOf } from './status.ts';

/** Overview of a channel; `status` also counts its messages. Times in milliseconds, store's clock. */
export interface ChannelOverview {
  name: string;
  platform: string;
  /** Whether the given configuration has it. */
  configured: boolean;
  /** Whether a worker has announced it. */
  announced: boolean;
  stopped: Hold | null;
  resting: ChannelState['resting'];
  /** The number of workers that serve it now. */
  workers: number;
}

export const listChannels = async ({ channels }: Installation): Promise<ChannelOverview[]> =>
  await Promise.all(
    channels.map(async ({ name, platform, configured, announced, home, stores }) => {
      const [state, paused, workers] = await Promise.all([
        readChannelState(home),
        isAnyPaused({ stores }),
        aliveWorkers(home),
      ]);
      return {
        name,
        platform,
        configured: configured !== undefined,
        announced: announced !== undefined,
        stopped: holdOf(state, paused),
        resting: state.resting,
        workers: workers.length,
      };
    }),
  );
