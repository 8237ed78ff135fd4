import { sampleChannel, type TakenSample } from '../channels/sampler.ts';
import { shareSample } from '../channels/shared-sample.ts';
import type { Random } from '../clock.ts';
import { accountText } from '../config/channels.ts';
import type { ChannelConfig } from '../config/schema.ts';
import { createCampaignReader } from '../jobs/campaign-content.ts';
import { type ChannelWorker, createChannelWorker } from '../jobs/channel-worker.ts';
import type { Partings } from '../jobs/deliver-job.ts';
import { createDispatcher } from '../jobs/dispatcher.ts';
import type { Pipeline } from '../jobs/envelope.ts';
import { createLeave, entriesThatAre, recountJob } from '../jobs/leave.ts';
import { openBreaker, resumeWithCredentials } from '../ledger/channel-state.ts';
import { createClaims } from '../ledger/claims.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { accountName } from '../ledger/names.ts';
import type { MessageSchemas } from '../message/schema.ts';
import type { Logger } from '../observe/log.ts';
import type { DeliveryObserver } from '../observe/observer.ts';
import { type RedisMetrics, timedCall } from '../observe/redis-metrics.ts';
import type { PlatformClient, PlatformDefinition } from '../platforms/port.ts';
import { AHEAD_MS, intervalMs, resolutionOf } from '../policies/admission.ts';
import { breakerRestMs } from '../policies/breaker.ts';
import { claimTtlMs } from '../policies/candidates.ts';
import { accountKey } from '../redis/keys.ts';
import { traceDeliveries } from '../tracing/deliveries.ts';
import type { Tracing } from '../tracing/tracing.ts';
import type { Turns } from '../turns.ts';
import { createChannelLease } from './channel-lease.ts';
import { openChannelLedger } from './channel-ledger.ts';
import { createChannelLog } from './channel-log.ts';
import { credentialsFingerprint } from './credentials.ts';
import { createAccountExamination } from './examine-account.ts';
import { createIdentify } from './identify.ts';
import { createLateGrantLog } from './late-grant-log.ts';
import { createPipeline } from './pipeline.ts';
import { sweep, takesSweepTurn } from './sweeper.ts';
import type { WorkerStore } from './worker-store.ts';
import type { WorkerStores } from './worker-stores.ts';

/** A channel that this process serves: its platform client, its ledger, its pipeline and the worker of its queue. */
export interface RunningChannel {
  readonly config: ChannelConfig;
  /** The part of the store that has its keys. */
  readonly store: WorkerStore;
  readonly worker: ChannelWorker;
  readonly pipeline: Pipeline;
  /** Starts or stops picking up jobs; never starts while another policy is in force. */
  pull(on: boolean): void;
  /** Whether this worker picks up nothing, because another policy is in force or another channel has the account. */
  stopped(): boolean;
  /**
   * Call before the first job: claims the account, puts the quota policy in force, and ends a stop for refused credentials
   * if they were changed since.
   * @throws QuotaChangedError, AccountTakenError
   */
  prepare(): Promise<void>;
  sample(): Promise<TakenSample>;
  /** Renews the lease of the channel, and settles jobs of the failed set. @returns the number of runs that ended by it */
  sweep(): Promise<number>;
  /** Closes the connections to the platform; the worker of the queue must be closed before. */
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
  /** Hears how long each call took, milliseconds. */
  onRedisCall: RedisMetrics['called'];
  /** Wrappers of parts, for tests. */
  wrap?: Wrappers | undefined;
  /** See `credentialsFingerprint`. */
  fingerprintCost?: number | undefined;
}

export interface Wrappers {
  ledger?(ledger: Ledger, channel: ChannelConfig): Ledger;
  client?(client: PlatformClient, channel: ChannelConfig): PlatformClient;
  pipeline?(pipeline: Pipeline, channel: ChannelConfig): Pipeline;
  partings?(partings: Partings, channel: ChannelConfig): Partings;
}

export function createChannel(channel: ChannelConfig, deps: ChannelDeps): RunningChannel {
  const { stores, definition, wrap = {} } = deps;
  const part = stores.of(channel.name);
  const { clock, watch, reportError } = part;
  const logger = deps.logger.child({ channel: channel.name });
  const log = createChannelLog(logger, clock);
  const store = stores.queues.of(channel.name);
  const ledgerStore = stores.ledgers.of(channel.name);
  const resolution = resolutionOf(channel, definition.resolution);
  const credentials = credentialsFingerprint(channel, definition, deps.fingerprintCost);
  const plainClient = definition.connect(
    {
      ...channel.settings,
      baseUrl: channel.baseUrl,
      timeoutMs: channel.timeoutMs,
      concurrency: channel.concurrency,
      keepAlive: resolution !== 'keep',
    },
    { clock, warn: (detail) => logger.warn(detail) },
  );
  const timing = { called: deps.onRedisCall, monotonic: () => clock.monotonic() };
  const traced = deps.tracing && traceDeliveries(deps.tracing, channel);
  const joined = openChannelLedger(channel, {
    ...deps,
    clock,
    watch,
    store: ledgerStore,
    credentials,
    timing,
    log,
  });
  const plainLedger = traced?.ledger(joined) ?? joined;
  const ledger = wrap.ledger?.(plainLedger, channel) ?? plainLedger;
  const tracedClient = traced?.client(plainClient) ?? plainClient;
  const client = wrap.client?.(tracedClient, channel) ?? tracedClient;
  const reading = { channel, definition, schemas: deps.schemas };
  const campaigns = createCampaignReader(store);
  let wanted = false;
  const lease = createChannelLease({
    stores: stores.queues,
    account: {
      key: accountKey(accountName(accountText(channel, definition))),
      channel: channel.name,
    },
    policy: { quota: channel.quota, addressing: channel.addressing },
    platformDayMs: channel.platformDayMs,
    logger: logger,
    onChange: () => worker.pull(wanted && !lease.stopped()),
  });
  const plainPipeline = createPipeline({
    channel,
    definition,
    resolution,
    ledger,
    client,
    identify: createIdentify({ channel, clock, claims: createClaims(store, claimTtlMs(channel)) }),
    clock,
    random: deps.random,
    observer: deps.observer,
    superseded: (inForce) => lease.superseded(inForce),
    turns: deps.turns,
    lateGrants: createLateGrantLog(logger, clock),
    async unanswered(failures, opens) {
      const restMs = breakerRestMs(channel.breaker, failures, opens);
      if (restMs === undefined) return;
      if (await openBreaker(store, restMs, opens)) {
        deps.observer.breakerOpened(channel.name);
        log.breakerOpened(failures, restMs);
      }
    },
  });
  const tracedPipeline = traced?.pipeline(plainPipeline) ?? plainPipeline;
  const pipeline = wrap.pipeline?.(tracedPipeline, channel) ?? tracedPipeline;
  const plainPartings: Partings = {
    ended: (entries) => entriesThatAre('ended', entries, ledgerStore),
    sending: (entries) => entriesThatAre('sending', entries, ledgerStore),
    leave: createLeave(ledgerStore, clock),
    recount: (jobId, messages, until) => recountJob(ledgerStore, jobId, messages, until),
  };
  const worker = createChannelWorker({
    channel: channel.name,
    store: store.name,
    concurrency: channel.concurrency,
    dispatcher: createDispatcher({
      concurrency: channel.concurrency,
      intervalMs: intervalMs(channel),
      aheadMs: { urgent: AHEAD_MS, bulk: AHEAD_MS / 2 },
      clock,
    }),
    redis: store.redis,
    partings: wrap.partings?.(plainPartings, channel) ?? plainPartings,
    reading,
    campaigns,
    pipeline,
    turns: deps.turns,
    clock,
    logger: deps.logger,
    reportError,
  });
  const examineAccount = createAccountExamination(client, {
    logger: logger,
    timeoutMs: channel.timeoutMs,
  });

  return {
    config: channel,
    store: part,
    worker,
    pull(on) {
      wanted = on;
      worker.pull(on && !lease.stopped());
    },
    stopped: () => lease.stopped() !== undefined,
    pipeline,
    async prepare() {
      examineAccount();
      await lease.acquire();
      if (await resumeWithCredentials(store, credentials)) {
        logger.info('channel resumed: its credentials have changed');
      }
    },
    async sample() {
      const take = () => sampleChannel({ store, queue: worker.queue }, clock);
      const sample = await shareSample(store, () => timedCall('sample', take, timing));
      const seen = { ...sample, stopped: lease.stopped() ?? sample.stopped };
      log.note(seen);
      return seen;
    },
    async sweep() {
      await lease.renew();
      await worker.resetStalls();
      if (!(await takesSweepTurn(store))) return 0;
      return await sweep({
        ...reading,
        campaigns,
        queue: worker.queue,
        store: ledgerStore,
        ledger,
        observer: deps.observer,
      });
    },
    async close() {
      await client.close();
      if (store.redis.status === 'ready') await lease.release();
    },
  };
}
