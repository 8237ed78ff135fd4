import type { Random } from '../clock.ts';
import type { ChannelConfig } from '../config/channel-schema.ts';
import { createCampaignReader } from '../jobs/campaign-content.ts';
import { type ChannelWorker, createChannelWorker } from '../jobs/channel-worker.ts';
import type { PartialJobs } from '../jobs/deliver-job.ts';
import { createDispatcher, type Dispatcher } from '../jobs/dispatcher.ts';
import type { Pipeline } from '../jobs/envelope.ts';
import { createLeave, entriesThatAre, recountJob } from '../jobs/leave.ts';
import type { ReadContext } from '../jobs/read-message.ts';
import type { Account } from '../ledger/account.ts';
import type { ChannelHolds } from '../ledger/channel-holds.ts';
import { openBreaker, resumeWithCredentials } from '../ledger/channel-state.ts';
import { createClaims } from '../ledger/claims.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Logger } from '../observe/log.ts';
import type { DeliveryObserver } from '../observe/observer.ts';
import type { CallTiming } from '../observe/redis-metrics.ts';
import type { PlatformClient, PlatformDefinition } from '../platforms/port.ts';
import { resolutionOf } from '../policies/admission.ts';
import { breakerRestMs } from '../policies/breaker.ts';
import { claimTtlMs } from '../policies/candidates.ts';
import type { ChannelStore } from '../redis/channel-store.ts';
import { storeNames } from '../redis/shards.ts';
import type { DeliveryTracing } from '../tracing/deliveries.ts';
import type { Turns } from '../turns.ts';
import { type ChannelLease, createChannelLease } from './channel-lease.ts';
import { openChannelLedger } from './channel-ledger.ts';
import type { ChannelLog } from './channel-log.ts';
import { createKnownHere, dealOut } from './deal-out.ts';
import type { Departures } from './departures.ts';
import { createIdentify } from './identify.ts';
import type { LateGrantLog } from './late-grant-log.ts';
import type { Margin } from './margin.ts';
import { createPipeline } from './pipeline.ts';
import type { Places } from './places.ts';
import type { Sharding } from './sharding.ts';
import { sweep, takesSweepTurn } from './sweeper.ts';
import type { WorkerStore } from './worker-store.ts';
import type { WorkerStores } from './worker-stores.ts';

/** A store of a channel that this process serves: its ledger, its pipeline and the worker of its queue. */
export interface RunningStore {
  readonly keys: ChannelStore;
  /** The part of Redis that has its keys. */
  readonly part: WorkerStore;
  readonly worker: ChannelWorker;
  readonly pipeline: Pipeline;
  readonly lease: ChannelLease;
  /** Starts or stops picking up jobs. Does not start while the lease is stopped. */
  pull(on: boolean): void;
  /**
   * Call before the first job: claims the account, puts the quota policy in force, and ends a stop for refused credentials
   * if they were changed since.
   * @throws QuotaChangedError, ShardsChangedError, AccountTakenError
   */
  prepare(): Promise<void>;
  /** Renews the lease, and settles jobs in the failed set. @returns the number of runs that this ended */
  sweep(): Promise<number>;
}

/** Only tests hand these in: each wraps a part of a channel, to watch it or to fail in it. */
export interface Wrappers {
  ledger?(ledger: Ledger, channel: ChannelConfig): Ledger;
  client?(client: PlatformClient, channel: ChannelConfig): PlatformClient;
  pipeline?(pipeline: Pipeline, channel: ChannelConfig): Pipeline;
  partialJobs?(partialJobs: PartialJobs, channel: ChannelConfig): PartialJobs;
}

/** What the stores of a channel share. */
export interface SharedByStores {
  channel: ChannelConfig;
  definition: PlatformDefinition;
  stores: WorkerStores;
  account: Account;
  credentials: string;
  client: PlatformClient;
  reading: ReadContext;
  /** Its concurrency and rate. */
  dispatcher: Dispatcher;
  /** Of its rate; undefined without one. */
  margin: Margin | undefined;
  departures: Departures | undefined;
  places: Places;
  /** Undefined for a channel of one store. */
  sharding: Sharding | undefined;
  keepReceipts: number;
  random: Random;
  turns: Turns;
  observer: DeliveryObserver;
  lateGrants: LateGrantLog;
  traced: DeliveryTracing | undefined;
  timing: CallTiming;
  log: ChannelLog;
  /** With the channel's name, and that of the process. */
  logger: Logger;
  processLogger: Logger;
  wrap: Wrappers;
}

/** @param shard undefined for a channel of one store, and for the home of one over shards */
export function createRunningStore(shared: SharedByStores, shard?: number): RunningStore {
  const { channel, stores, reading, observer } = shared;
  const name = shard === undefined ? channel.name : storeNames(channel.name, channel.shards)[shard]!;
  const part = stores.of(name);
  const { clock, watch } = part;
  const [queueStore, ledgerStore] = [stores.queues.of(name), stores.ledgers.of(name)];
  const campaigns = createCampaignReader(queueStore);
  let wanted = false;
  const lease = createChannelLease({
    ...{ stores: stores.queues, store: queueStore, account: shared.account, logger: shared.logger },
    all: allNames(channel).map(stores.queues.of),
    policy: { quota: channel.quota, addressing: channel.addressing, shards: channel.shards },
    platformDayMs: channel.platformDayMs,
    onChange() {
      worker.pull(wanted && !lease.stopped());
      // Announces the channel again: workers of another policy may have done so meanwhile.
      if (!lease.stopped()) watch.suspect();
    },
  });
  const holds = shared.sharding?.holds ?? holdsOf(queueStore);
  const ledger = ledgerOf(shared, { shard, part, ledgerStore });
  const pipeline = pipelineOf(shared, { shard, part, queueStore, ledgerStore, ledger, lease, holds });
  const { concurrency } = channel;
  const isIngress = shared.sharding !== undefined && shard === undefined;
  const worker = createChannelWorker({
    ...{ channel: channel.name, store: name, concurrency, redis: queueStore.redis },
    // Messages that are dealt out are not sent, and take none of the channel's rate.
    dispatcher: isIngress ? unlimited(concurrency, clock) : shared.dispatcher,
    beyond: isIngress ? () => 0 : () => jobsBeyond(shared),
    partialJobs: partialJobsOf(shared, { part, ledgerStore }),
    ...{ reading, campaigns, pipeline, turns: shared.turns, clock },
    ...{ logger: shared.processLogger, reportError: part.reportError },
  });

  return {
    ...{ keys: queueStore, part, worker, pipeline, lease },
    pull(on) {
      wanted = on;
      worker.pull(on && !lease.stopped());
    },
    async prepare() {
      await lease.acquire();
      if (shard !== undefined) await shared.sharding?.holds.spread(shard);
      else if (await holds.resume(shared.credentials))
        shared.logger.info('channel resumed: its credentials have changed');
    },
    async sweep() {
      await lease.renew();
      if (!(await takesSweepTurn(queueStore))) return 0;
      if (isIngress) await shared.sharding?.holds.spread();
      const { queue } = worker;
      return await sweep({ ...reading, campaigns, queue, store: ledgerStore, ledger, observer });
    },
  };
}

/**
 * How many jobs for each request that may be under way are held where messages are admitted ahead: a job is also held while its message is
 * admitted, settled and finished, and a fast platform answers sooner than the store does that.
 */
const JOBS_OF_A_PLACE = 2.5;

/** How many jobs a store's worker holds beyond the channel's concurrency. */
function jobsBeyond({ channel: { concurrency, shards = 1 }, places }: SharedByStores): number {
  return places.ahead() > 0 ? Math.ceil(((JOBS_OF_A_PLACE - 1) * concurrency) / shards) : 0;
}

/** What a store has of its own. */
interface OwnParts {
  shard: number | undefined;
  part: WorkerStore;
  queueStore: ChannelStore;
  ledgerStore: ChannelStore;
  ledger: Ledger;
  lease: ChannelLease;
  holds: Pick<ChannelHolds, 'open'>;
}

function ledgerOf(
  shared: SharedByStores,
  { shard, part: { clock, watch }, ledgerStore }: Pick<OwnParts, 'shard' | 'part' | 'ledgerStore'>,
): Ledger {
  const { channel, traced, wrap } = shared;
  const joined = openChannelLedger(channel, {
    ...shared,
    ...{ clock, watch, store: ledgerStore },
    sharding: shard === undefined ? undefined : shared.sharding,
  });
  const ledger = traced?.ledger(joined) ?? joined;
  return wrap.ledger?.(ledger, channel) ?? ledger;
}

/** The pipeline of its messages, behind that which deals out those of other shards. */
function pipelineOf(shared: SharedByStores, own: OwnParts): Pipeline {
  const { channel, definition, stores, observer, traced, wrap } = shared;
  const { queueStore, ledgerStore, ledger, lease, holds } = own;
  const { clock } = own.part;
  const sending = createPipeline({
    ...{ channel, definition, ledger, client: shared.client, clock, observer },
    ...{ departures: shared.departures, places: shared.places },
    ...{ random: shared.random, turns: shared.turns, lateGrants: shared.lateGrants },
    resolution: resolutionOf(channel, definition.resolution),
    identify: createIdentify({ channel, clock, claims: createClaims(queueStore, claimTtlMs(channel)) }),
    superseded: (inForce) => lease.superseded(inForce),
    async unanswered(failures, opens) {
      const restMs = breakerRestMs(channel.breaker, failures, opens);
      if (restMs === undefined) return false;
      if (await holds.open(restMs, opens)) {
        observer.breakerOpened(channel.name);
        shared.log.breakerOpened(failures, restMs);
      }
      return true;
    },
  });
  const traceable = traced?.pipeline(sending) ?? sending;
  const shards = storeNames(channel.name, channel.shards);
  const leave = shards.map((each) => createLeave(stores.ledgers.of(each), stores.of(each).clock));
  const watches = shards.map((each) => stores.of(each).watch);
  const recordOf = createKnownHere(ledgerStore, shards.map(stores.ledgers.of), watches);
  const dealt = shared.sharding
    ? dealOut(traceable, { definition, own: own.shard, leave, recordOf, clock })
    : traceable;
  return wrap.pipeline?.(dealt, channel) ?? dealt;
}

function partialJobsOf(
  { channel, wrap }: SharedByStores,
  { part, ledgerStore }: Pick<OwnParts, 'part' | 'ledgerStore'>,
): PartialJobs {
  const partialJobs: PartialJobs = {
    ended: (entries) => entriesThatAre('ended', entries, ledgerStore),
    sending: (entries) => entriesThatAre('sending', entries, ledgerStore),
    leave: createLeave(ledgerStore, part.clock),
    recount: (jobId, messages, until) => recountJob(ledgerStore, jobId, messages, until),
  };
  return wrap.partialJobs?.(partialJobs, channel) ?? partialJobs;
}

/** The names of all stores of a channel: the home, and the shards. */
const allNames = ({ name, shards }: ChannelConfig): string[] =>
  shards === undefined ? [name] : [name, ...storeNames(name, shards)];

const unlimited = (concurrency: number, clock: WorkerStore['clock']): Dispatcher =>
  createDispatcher({ concurrency, intervalMs: undefined, aheadMs: { urgent: 0, bulk: 0 }, clock });

const holdsOf = (store: ChannelStore): Pick<ChannelHolds, 'open' | 'resume'> => ({
  open: (ms, opens) => openBreaker(store, ms, opens),
  resume: (credentials) => resumeWithCredentials(store, credentials),
});
