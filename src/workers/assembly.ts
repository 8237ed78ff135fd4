import { hostname } from 'node:os';
import { type AnnouncedSampling, createAnnouncedSampling } from '../channels/announced-sampling.ts';
import { announceChannels } from '../channels/registry.ts';
import { checkPermissions } from '../ledger/permissions.ts';
import { createFreshGauges, type FreshGauges } from '../observe/fresh-gauges.ts';
import type { Logger } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import { channelStore } from '../redis/channel-store.ts';
import { type ClockGuard, createClockGuard } from '../redis/clock-guard.ts';
import { isRefusal, refusesWrites } from '../redis/errors.ts';
import type { StoreClock } from '../redis/store-clock.ts';
import { AccountTakenError } from './account-claim.ts';
import type { RunningChannel } from './channel.ts';
import { createClockGauge } from './clock-gauge.ts';
import { logFindings } from './findings.ts';
import { createHealth, type Health } from './health.ts';
import { createHeartbeat, type Heartbeat } from './heartbeat.ts';
import { createMaintenance, type Maintenance } from './maintenance.ts';
import { QuotaChangedError } from './policy-change.ts';
import { createWatchdog } from './watchdog.ts';
import type { WorkerStore } from './worker-store.ts';

/** Assembles the parts that run beside a worker's channels: clock guard, maintenance, heartbeat and health. */

export interface RunningParts {
  store: WorkerStore;
  channels: RunningChannel[];
  guard: ClockGuard;
  maintenance: Maintenance;
  health: Health;
  heartbeat: Heartbeat;
  others: AnnouncedSampling;
  gauges: FreshGauges;
  begin(): Promise<void>;
  /** Starts or stops picking up jobs, as the clock and the store allow. */
  pull(): void;
}

export interface AssemblyDeps {
  store: WorkerStore;
  channels: RunningChannel[];
  metrics: Metrics;
  clock: StoreClock;
  logger: Logger;
}

export function assemble({ store, channels, metrics, clock, logger }: AssemblyDeps): RunningParts {
  let begun = false;
  let agreed = true;
  const pull = (): void => {
    const on = guard.agrees() && !watch.trouble()?.refusing;
    if (begun) for (const channel of channels) channel.pull(on);
  };
  const { redis, watch } = store;
  const showOffset = createClockGauge(metrics.clockOffset);
  const guard = createClockGuard(redis, clock, (offsetMs, agrees) => {
    showOffset(offsetMs);
    if (agrees !== agreed) {
      agreed = agrees;
      const text = agrees
        ? 'clock is in sync with Redis again'
        : 'clock is out of sync with Redis: not taking messages';
      logger[agrees ? 'info' : 'error']({ offset_ms: offsetMs }, text);
    }
    pull();
  });
  let lastingError: Error | undefined;
  /** Errors that only an operator can fix abort the start; later, they must not stop the other channels. */
  function noteLastingError(error: unknown): void {
    const lasting =
      error instanceof QuotaChangedError || error instanceof AccountTakenError || isRefusal(error);
    if (!lasting || refusesWrites(error)) throw error;
    lastingError = error as Error;
    if (begun) logger.error({ error: String(error) }, 'channel could not be prepared after an outage');
  }
  watch.add({
    /** Writes the other data of these channels: at the start, and after a failover that may have lost them. */
    async restore() {
      for (const channel of channels) await channel.prepare().catch(noteLastingError);
      const configs = channels.map(({ config }) => config);
      await announceChannels(redis, configs);
      return 0;
    },
    holds: async () => true,
  });
  const watchdog = createWatchdog(clock);
  const gauges = createFreshGauges(metrics);
  const maintenance = createMaintenance({
    ...{ channels, gauges, logger },
    onSample({ config: { name }, worker, stopped }, { ready, limited }) {
      const free = !limited && !stopped() && worker.hasRoom();
      const available = guard.agrees() && !watch.trouble() && free;
      watchdog.observe(name, { ready, available, lastPickupAt: worker.lastPickupAt() });
    },
  });
  const names = channels.map(({ config }) => config.name);
  const others = createAnnouncedSampling({
    redis,
    clock,
    served: new Set(names),
    gauges,
    onRedisCall: metrics.redis.called,
    logger,
  });
  const heartbeat = createHeartbeat({
    redis,
    channels: names,
    identity: { host: hostname(), pid: process.pid, since: clock.now() },
    logger,
  });
  const health = createHealth({ redis, store: watch, vitals: store.vitals, guard, maintenance, watchdog });
  return {
    store,
    channels,
    guard,
    maintenance,
    health,
    heartbeat,
    others,
    gauges,
    pull,
    async begin() {
      await checkPermissions(channelStore(redis, channels[0]!.config.name));
      await logFindings(redis, logger);
      await watch.pending();
      if (lastingError) throw lastingError;
      begun = true;
      await guard.measure();
      guard.start();
      maintenance.start();
      others.start();
      await heartbeat.start();
    },
  };
}
