import type { Clock } from '../clock.ts';
import { type ChannelQueue, openChannelQueue } from '../jobs/channel-queue.ts';
import type { Logger } from '../observe/log.ts';
import { type RedisMetrics, timedCall } from '../observe/redis-metrics.ts';
import type { ChannelSample } from '../observe/sample.ts';
import type { ChannelStore } from '../redis/channel-store.ts';
import type { Stores } from '../redis/stores.ts';
import { readChannelRegistry } from './registry.ts';
import { sampleChannel } from './sampler.ts';
import { SAMPLE_MS, shareSample } from './shared-sample.ts';

/**
 * Samples the announced channels that this process does not serve: what waits in a channel without a worker is shown by the
 * workers of the others, and by `herald exporter`.
 */
export interface AnnouncedSampling {
  start(): void;
  /** The connections stay open. */
  stop(): void;
}

export interface AnnouncedSamplingDeps {
  stores: Stores;
  clock: Clock;
  /** Sampled by the process itself. */
  served: ReadonlySet<string>;
  gauges: { sample(sample: ChannelSample): void; unsample(channel: string): void };
  /** Hears how long each sample took, milliseconds. */
  onRedisCall: RedisMetrics['called'];
  logger: Logger;
}

interface Watched {
  store: ChannelStore;
  queue: ChannelQueue;
}

export function createAnnouncedSampling(deps: AnnouncedSamplingDeps): AnnouncedSampling {
  const { stores, clock, served, gauges, logger } = deps;
  const timing = { called: deps.onRedisCall, monotonic: () => clock.monotonic() };
  const watched = new Map<string, Watched>();
  let timer: NodeJS.Timeout | undefined;
  let busy = false;

  /** What is under way when it stops fails with the connection, which is closed next. */
  function warn(fields: object, text: string): void {
    if (timer) logger.warn(fields, text);
  }

  function open(name: string): Watched {
    const store = stores.of(name);
    const opened = { store, queue: openChannelQueue(store) };
    watched.set(name, opened);
    return opened;
  }

  function forget(name: string): void {
    watched
      .get(name)
      ?.queue.close()
      .catch(() => {});
    watched.delete(name);
    gauges.unsample(name);
  }

  async function visit(name: string): Promise<void> {
    const channel = watched.get(name) ?? open(name);
    try {
      const take = () => sampleChannel(channel, clock);
      const sample = await shareSample(channel.store, () => timedCall('sample', take, timing));
      if (timer) gauges.sample(sample);
    } catch (error) {
      warn({ channel: name, error: String(error) }, 'channel could not be sampled');
    }
  }

  async function visitAll(): Promise<void> {
    const announced = await readChannelRegistry(stores.directory);
    // Stopped meanwhile: nobody would close what is opened now.
    if (!timer) return;
    for (const name of watched.keys()) if (!announced.has(name)) forget(name);
    await Promise.all([...announced.keys()].filter((name) => !served.has(name)).map(visit));
  }

  async function turn(): Promise<void> {
    // While Redis is unreachable a turn hangs: skip the next ones.
    if (busy) return;
    busy = true;
    await visitAll().catch((error: unknown) =>
      warn({ error: String(error) }, 'announced channels could not be read'),
    );
    busy = false;
  }

  return {
    start() {
      timer ??= setInterval(() => void turn(), SAMPLE_MS);
      void turn();
    },
    stop() {
      clearInterval(timer);
      timer = undefined;
      for (const name of [...watched.keys()]) forget(name);
    },
  };
}
