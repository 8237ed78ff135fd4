import type { TakenSample } from '../channels/sampler.ts';
import { SAMPLE_MS } from '../channels/shared-sample.ts';
import type { FreshGauges } from '../observe/fresh-gauges.ts';
import type { Logger } from '../observe/log.ts';
import type { ChannelSample } from '../observe/sample.ts';
import type { RunningChannel } from './channel.ts';
import type { RunningStore } from './running-store.ts';

/** The periodic tasks of a worker besides delivery: samples its channels for the gauges, and sweeps failed jobs. */
export interface Maintenance {
  /** Begins to maintain these stores as well. A channel is sampled with its first store. */
  start(stores: readonly ServedStore[]): void;
  stop(): void;
  /** The latest sample of each channel that could be sampled. */
  samples(): readonly ChannelSample[];
}

export interface ServedStore {
  channel: RunningChannel;
  store: RunningStore;
}

export interface MaintenanceDeps {
  gauges: Pick<FreshGauges, 'sample'>;
  logger: Logger;
  onSample(channel: RunningChannel, sample: TakenSample): void;
}

/** Every how many turns, of `SAMPLE_MS` each, a store is swept. */
const SWEEP_EVERY = 3;

export function createMaintenance({ gauges, logger, onSample }: MaintenanceDeps): Maintenance {
  const latest = new Map<string, ChannelSample>();
  const timers: NodeJS.Timeout[] = [];

  const failed = ({ channel, store }: ServedStore, error: unknown, what: string): void =>
    logger.warn({ channel: channel.config.name, store: store.keys.name, error: String(error) }, what);

  /** Well before the jobs' locks run out, and their next stalls are counted. */
  const resetStalls = (served: ServedStore): Promise<void> =>
    served.store.worker
      .resetStalls()
      .catch((error: unknown) => failed(served, error, 'stalls of the store could not be taken back'));

  async function sweep(served: ServedStore): Promise<void> {
    try {
      const settled = await served.store.sweep();
      const { name } = served.channel.config;
      if (settled > 0) logger.warn({ channel: name, settled }, 'settled jobs found in the failed set');
    } catch (error) {
      failed(served, error, 'store could not be swept');
    }
  }

  async function sample({ channel }: ServedStore): Promise<void> {
    const { name } = channel.config;
    try {
      const taken = await channel.sample();
      latest.set(name, taken);
      gauges.sample(taken);
      onSample(channel, taken);
    } catch (error) {
      latest.delete(name);
      logger.warn({ channel: name, error: String(error) }, 'channel could not be sampled');
    }
  }

  function startOne(served: ServedStore): void {
    let round = 0;
    let busy = false;
    async function turn(): Promise<void> {
      // While Redis is unreachable a turn hangs: skip the next ones.
      if (busy) return;
      busy = true;
      await resetStalls(served);
      if (round % SWEEP_EVERY === 0) await sweep(served);
      if (served.store === served.channel.stores[0]) await sample(served);
      round += 1;
      busy = false;
    }
    void turn();
    timers.push(setInterval(() => void turn(), SAMPLE_MS));
  }

  return {
    start: (stores) => stores.forEach(startOne),
    stop() {
      for (const timer of timers.splice(0)) clearInterval(timer);
    },
    samples: () => [...latest.values()],
  };
}
