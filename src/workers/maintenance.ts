import type { TakenSample } from '../channels/sampler.ts';
import { SAMPLE_MS } from '../channels/shared-sample.ts';
import type { FreshGauges } from '../observe/fresh-gauges.ts';
import type { Logger } from '../observe/log.ts';
import type { ChannelSample } from '../observe/sample.ts';
import type { RunningChannel } from './channel.ts';

/** The periodic tasks of a worker besides delivery: samples its channels for the gauges, and sweeps failed jobs. */
export interface Maintenance {
  start(): void;
  stop(): void;
  /** The latest sample of each channel that could be sampled. */
  samples(): readonly ChannelSample[];
}

export interface MaintenanceDeps {
  channels: readonly RunningChannel[];
  gauges: Pick<FreshGauges, 'sample'>;
  logger: Logger;
  onSample(channel: RunningChannel, sample: TakenSample): void;
}

/** A sweep for every so many samples. */
const SWEEP_EVERY = 3;

export function createMaintenance({ channels, gauges, logger, onSample }: MaintenanceDeps): Maintenance {
  const latest = new Map<string, ChannelSample>();
  let timer: NodeJS.Timeout | undefined;
  let round = 0;
  let busy = false;

  async function visit(channel: RunningChannel): Promise<void> {
    const { name } = channel.config;
    try {
      if (round % SWEEP_EVERY === 0) {
        const settled = await channel.sweep();
        if (settled > 0) logger.warn({ channel: name, settled }, 'settled jobs found in the failed set');
      }
      const sample = await channel.sample();
      latest.set(name, sample);
      gauges.sample(sample);
      onSample(channel, sample);
    } catch (error) {
      latest.delete(name);
      logger.warn({ channel: name, error: String(error) }, 'channel could not be sampled');
    }
  }

  async function turn(): Promise<void> {
    // While Redis is unreachable a run hangs: skip the next ones.
    if (busy) return;
    busy = true;
    await Promise.all(channels.map(visit));
    round += 1;
    busy = false;
  }

  return {
    start() {
      void turn();
      timer ??= setInterval(() => void turn(), SAMPLE_MS);
    },
    stop() {
      clearInterval(timer);
      timer = undefined;
    },
    samples: () => [...latest.values()],
  };
}
