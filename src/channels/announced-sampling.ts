import type { Clock } from '../clock.ts';
import { openChannelQueue } from '../jobs/channel-queue.ts';
import type { Logger } from '../observe/log.ts';
import { type RedisMetrics, timedCall } from '../observe/redis-metrics.ts';
import type { ChannelSample } from '../observe/sample.ts';
import { storeNames } from '../redis/shards.ts';
import type { Stores } from '../redis/stores.ts';
import { type ChannelFacts, readChannelRegistry } from './registry.ts';
import { type SampledStore, sampleChannel } from './sampler.ts';
import { SAMPLE_MS, shareSample } from './shared-sample.ts';

/**
 * Samples the announced channels that this process does not serve: the backlog of a channel without a worker is shown by the workers
 * of other channels, and by `herald exporter`.
 */
export interface AnnouncedSampling {
  start(): void;
  /** The connections stay open. */
  stop(): void;
}

export interface AnnouncedSamplingDeps {
  stores: Stores;
  clock: Clock;
  /** The channels that this process serves, and samples itself. */
  served: ReadonlySet<string>;
  gauges: { sample(sample: ChannelSample): void; unsample(channel: string): void };
  /** Called with the duration of each sample, milliseconds. */
  onRedisCall: RedisMetrics['called'];
  logger: Logger;
}

interface Watched {
  shards: number | undefined;
  stores: readonly [SampledStore, ...SampledStore[]];
  /** Whether a sample is being taken: while its store is away, that hangs. */
  busy: boolean;
}

export function createAnnouncedSampling(deps: AnnouncedSamplingDeps): AnnouncedSampling {
  const { stores, clock, served, gauges, logger } = deps;
  const timing = { called: deps.onRedisCall, monotonic: () => clock.monotonic() };
  const watched = new Map<string, Watched>();
  let timer: NodeJS.Timeout | undefined;
  let busy = false;

  /** Silent once stopped: samples in progress fail when the connection is closed next. */
  function warn(fields: object, text: string): void {
    if (timer) logger.warn(fields, text);
  }

  function open(name: string, shards: number | undefined): Watched {
    const sampled = (each: string): SampledStore => {
      const store = stores.of(each);
      return { store, queue: openChannelQueue(store) };
    };
    const inShards = shards === undefined ? [] : storeNames(name, shards).map(sampled);
    const opened: Watched = { shards, stores: [sampled(name), ...inShards], busy: false };
    watched.set(name, opened);
    return opened;
  }

  function close(name: string): void {
    for (const { queue } of watched.get(name)?.stores ?? []) queue.close().catch(() => {});
    watched.delete(name);
  }

  function forget(name: string): void {
    close(name);
    gauges.unsample(name);
  }

  async function sample(name: string, { shards }: ChannelFacts): Promise<void> {
    if (watched.get(name)?.busy) return;
    if (watched.get(name)?.shards !== shards) close(name);
    const channel = watched.get(name) ?? open(name, shards);
    channel.busy = true;
    try {
      const take = () => sampleChannel(channel.stores, clock);
      const taken = await shareSample(channel.stores[0].store, () => timedCall('sample', take, timing));
      if (timer) gauges.sample(taken);
    } catch (error) {
      warn({ channel: name, error: String(error) }, 'channel could not be sampled');
    } finally {
      channel.busy = false;
    }
  }

  async function sampleAll(): Promise<void> {
    const announced = await readChannelRegistry(stores.directory);
    // If it was stopped meanwhile, nobody would close what is opened now.
    if (!timer) return;
    for (const name of watched.keys()) if (!announced.has(name)) forget(name);
    for (const [name, facts] of announced) if (!served.has(name)) void sample(name, facts);
  }

  async function tick(): Promise<void> {
    // While Redis is unreachable a tick hangs: skip the following ones.
    if (busy) return;
    busy = true;
    await sampleAll().catch((error: unknown) =>
      warn({ error: String(error) }, 'announced channels could not be read'),
    );
    busy = false;
  }

  return {
    start() {
      timer ??= setInterval(() => void tick(), SAMPLE_MS);
      void tick();
    },
    stop() {
      clearInterval(timer);
      timer = undefined;
      for (const name of [...watched.keys()]) forget(name);
    },
  };
}
