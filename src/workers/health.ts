import type { Redis } from 'ioredis';
import type { LivenessReport, ReadinessCheck, ReadinessReport } from '../http/health.ts';
import type { FailoverDetector } from '../ledger/store-gate.ts';
import type { RedisVitals } from '../observe/redis-vitals.ts';
import type { ClockGuard } from '../redis/clock-guard.ts';
import { MAX_OFFSET_MS } from '../redis/store-clock.ts';
import type { Maintenance } from './maintenance.ts';
import type { Watchdog } from './watchdog.ts';

export interface Health {
  live(): LivenessReport;
  ready(): Promise<ReadinessReport>;
}

/** The health before the start: live, not ready. */
export const NOT_RUNNING: Health = {
  live: () => ({ live: true }),
  ready: async () => ({ checks: [{ name: 'worker', ok: false, detail: 'not started' }], stopped: [] }),
};

/** The health from the beginning of a drain: no longer ready, so that an orchestrator sends it nothing and starts a successor. */
export const DRAINING: Health = {
  live: () => ({ live: true }),
  ready: async () => ({ checks: [{ name: 'worker', ok: false, detail: 'draining' }], stopped: [] }),
};

export interface HealthDeps {
  redis: Redis;
  store: Pick<FailoverDetector, 'trouble'>;
  vitals: Pick<RedisVitals, 'check'>;
  guard: ClockGuard;
  maintenance: Maintenance;
  watchdog: Watchdog;
}

/** Restoring recent sends takes the hold of four seconds and a little more; after that an operator must act. */
const RESTORING_MS = 6_000;

export function createHealth({ redis, store, vitals, guard, maintenance, watchdog }: HealthDeps): Health {
  async function checkRedis(): Promise<ReadinessCheck> {
    const name = 'redis';
    if (redis.status !== 'ready') return { name, ok: false, detail: `connection is ${redis.status}` };
    const trouble = store.trouble();
    if (trouble?.refusing || (trouble && trouble.ms > RESTORING_MS)) {
      const seconds = Math.round(trouble.ms / 1000);
      return { name, ok: false, detail: `${trouble.detail} (for ${seconds} s): sending is on hold` };
    }
    const detail = await vitals.check();
    return detail === undefined ? { name, ok: true } : { name, ok: false, detail };
  }

  return {
    live() {
      const detail = watchdog.stuck();
      return detail === undefined ? { live: true } : { live: false, detail };
    },
    async ready() {
      const offset = guard.offsetMs();
      const clockDetail =
        offset === undefined
          ? 'not measured yet'
          : `clock is ${offset} ms off Redis, at most ${MAX_OFFSET_MS} ms allowed`;
      return {
        checks: [
          { name: 'configuration', ok: true },
          await checkRedis(),
          { name: 'clock', ok: guard.agrees(), ...(guard.agrees() ? {} : { detail: clockDetail }) },
        ],
        stopped: maintenance
          .samples()
          .flatMap(({ channel, stopped }) =>
            stopped ? [{ channel, reason: stopped.reason, detail: stopped.detail }] : [],
          ),
      };
    },
  };
}
