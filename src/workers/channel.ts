import { type SampledStore, sampleChannel, type TakenSample } from '../channels/sampler.ts';
import { shareSample } from '../channels/shared-sample.ts';
import type { Random } from '../clock.ts';
import type { ChannelConfig } from '../config/channel-schema.ts';
import { accountText } from '../config/channels.ts';
import { createDispatcher } from '../jobs/dispatcher.ts';
import { accountName } from '../ledger/names.ts';
import type { MessageSchemas } from '../message/schema.ts';
import type { Logger } from '../observe/log.ts';
import type { DeliveryObserver } from '../observe/observer.ts';
import { type RedisMetrics, timedCall } from '../observe/redis-metrics.ts';
import type { PlatformClient, PlatformDefinition } from '../platforms/port.ts';
import { AHEAD_MS, admitsAhead, resolutionOf } from '../policies/admission.ts';
import { intervalMs } from '../policies/rate.ts';
import { accountKey } from '../redis/keys.ts';
import type { StoreClock } from '../redis/store-clock.ts';
import { traceDeliveries } from '../tracing/deliveries.ts';
import type { Tracing } from '../tracing/tracing.ts';
import type { Turns } from '../turns.ts';
import { createChannelLog } from './channel-log.ts';
import { credentialsFingerprint } from './credentials.ts';
import { createDepartures } from './departures.ts';
import { createAccountExamination } from './examine-account.ts';
import { createLateGrantLog } from './late-grant-log.ts';
import { createMargin } from './margin.ts';
import { createPlaces } from './places.ts';
import { createRunningStore, type RunningStore, type Wrappers } from './running-store.ts';
import { createChannelRate, createSharding } from './sharding.ts';
import type { WorkerStores } from './worker-stores.ts';

/** A channel that this process serves: its platform client, and the stores that its messages lie in. */
export interface RunningChannel {
  readonly config: ChannelConfig;
  /** Its only store; or its home, followed by its shards. */
  readonly stores: readonly [RunningStore, ...RunningStore[]];
  /** Whether this worker picks up nothing in one of the stores, because another policy is in force or another channel has the account. */
  stopped(): boolean;
  sample(): Promise<TakenSample>;
  /** Asks the platform about the channel's account, and logs what is wrong with it. Once, however often it is called. */
  examine(): void;
  /** Closes the connections to the platform; the workers of the queues must be closed before. */
  close(): Promise<void>;
}

export interface ChannelDeps {
  stores: WorkerStores;
  definition: PlatformDefinition;
  schemas: MessageSchemas<unknown>;
  keepReceipts: number;
  random: Random;
  logger: Logger;
  /** Shared by all channels of the process, which share its event loop. */
  turns: Turns;
  observer: DeliveryObserver;
  /** Absent where nothing is traced. */
  tracing?: Tracing | undefined;
  /** Called with the duration of each call, milliseconds. */
  onRedisCall: RedisMetrics['called'];
  /** Wrappers of parts, for tests. */
  wrap?: Wrappers | undefined;
  /** See `credentialsFingerprint`. */
  fingerprintCost?: number | undefined;
}

export function createChannel(channel: ChannelConfig, deps: ChannelDeps): RunningChannel {
  const { stores, definition, wrap = {} } = deps;
  const { clock } = stores.of(channel.name);
  const logger = deps.logger.child({ channel: channel.name });
  const log = createChannelLog(logger, clock);
  const credentials = credentialsFingerprint(channel, definition, deps.fingerprintCost);
  const plainClient = connectClient(channel, { definition, clock, logger });
  const timing = { called: deps.onRedisCall, monotonic: () => clock.monotonic() };
  const traced = deps.tracing && traceDeliveries(deps.tracing, channel);
  const tracedClient = traced?.client(plainClient) ?? plainClient;
  const client = wrap.client?.(tracedClient, channel) ?? tracedClient;
  const margin = channel.rate ? createMargin(channel.rate, clock) : undefined;
  const rate = margin && createChannelRate(channel.name, { stores, margin, clock });
  const places = createPlaces({
    concurrency: channel.concurrency,
    looksAhead: admitsAhead(channel, resolutionOf(channel, definition.resolution)),
    clock,
  });
  const shared = {
    ...deps,
    ...{ channel, credentials, client, traced, timing, log, logger, wrap },
    processLogger: deps.logger,
    account: { key: accountKey(accountName(accountText(channel, definition))), channel: channel.name },
    reading: { channel, definition, schemas: deps.schemas },
    dispatcher: createDispatcher({
      concurrency: channel.concurrency,
      ahead: places.ahead,
      intervalMs: intervalMs(channel),
      aheadMs: { urgent: AHEAD_MS, bulk: AHEAD_MS / 2 },
      clock,
    }),
    sharding: createSharding(channel, { stores, credentials, rate, clock, logger }),
    margin,
    departures: margin && rate && createDepartures({ rate, margin, clock }),
    places,
    lateGrants: createLateGrantLog(logger, clock),
  };
  const home = createRunningStore(shared);
  const shards = Array.from({ length: channel.shards ?? 0 }, (_, shard) => createRunningStore(shared, shard));
  const running = [home, ...shards] as const;
  const stopped = () => running.map(({ lease }) => lease.stopped()).find((each) => each !== undefined);

  return {
    config: channel,
    stores: running,
    stopped: () => stopped() !== undefined,
    examine: createAccountExamination(client, { logger, timeoutMs: channel.timeoutMs }),
    async sample() {
      const take = () => sampleChannel([sampled(home), ...shards.map(sampled)], clock);
      const sample = await shareSample(home.keys, () => timedCall('sample', take, timing));
      const seen = { ...sample, stopped: stopped() ?? sample.stopped };
      log.note(seen);
      return seen;
    },
    async close() {
      await client.close();
      if (home.keys.redis.status === 'ready') await home.lease.release();
    },
  };
}

const sampled = ({ keys, worker }: RunningStore): SampledStore => ({ store: keys, queue: worker.queue });

function connectClient(
  channel: ChannelConfig,
  { definition, clock, logger }: { definition: PlatformDefinition; clock: StoreClock; logger: Logger },
): PlatformClient {
  const { settings, baseUrl, timeoutMs, concurrency } = channel;
  const keepAlive = resolutionOf(channel, definition.resolution) !== 'keep';
  return definition.connect(
    { ...settings, baseUrl, timeoutMs, concurrency, keepAlive },
    { clock, warn: (detail) => logger.warn(detail) },
  );
}
