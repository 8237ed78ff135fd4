import type { LivenessReport, ReadinessCheck, ReadinessReport } from '../http/health.ts';
import { MAX_OFFSET_MS } from '../redis/store-clock.ts';
import type { Maintenance } from './maintenance.ts';
import type { Watchdog } from './watchdog.ts';
import type { WorkerStore } from './worker-store.ts';

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
  /** The parts of the store that the worker relies on. */
  stores: readonly HealthOfStore[];
  maintenance: Pick<Maintenance, 'samples'>;
  watchdog: Watchdog;
}

type HealthOfStore = {
  name: WorkerStore['name'];
  redis: Pick<WorkerStore['redis'], 'status'>;
  watch: Pick<WorkerStore['watch'], 'trouble'>;
  vitals: Pick<WorkerStore['vitals'], 'check'>;
  guard: Pick<WorkerStore['guard'], 'agrees' | 'offsetMs'>;
};

/** Restoring recent sends takes the hold of four seconds and a little more; after that an operator must act. */
const RESTORING_MS = 6_000;

export function createHealth({ stores, maintenance, watchdog }: HealthDeps): Health {
  return {
    live() {
      const detail = watchdog.stuck();
      return detail === undefined ? { live: true } : { live: false, detail };
    },
    async ready() {
      return {
        checks: [
          toCheck('redis', await Promise.all(stores.map(named(redisTrouble)))),
          toCheck('clock', await Promise.all(stores.map(named(clockTrouble)))),
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

function toCheck(name: string, troubles: readonly (string | undefined)[]): ReadinessCheck {
  const found = troubles.filter((trouble) => trouble !== undefined);
  return found.length === 0 ? { name, ok: true } : { name, ok: false, detail: found.join('; ') };
}

type Examine = (store: HealthOfStore) => Promise<string | undefined> | string | undefined;

/** Says which channel it is about, where each has a part of the store of its own. */
const named =
  (examine: Examine) =>
  async (store: HealthOfStore): Promise<string | undefined> => {
    const trouble = await examine(store);
    return trouble === undefined || store.name === undefined ? trouble : `${store.name}: ${trouble}`;
  };

async function redisTrouble({ redis, watch, vitals }: HealthOfStore): Promise<string | undefined> {
  if (redis.status !== 'ready') return `connection is ${redis.status}`;
  const trouble = watch.trouble();
  if (trouble?.refusing || (trouble && trouble.ms > RESTORING_MS)) {
    const seconds = Math.round(trouble.ms / 1000);
    return `${trouble.detail} (for ${seconds} s): sending is on hold`;
  }
  return await vitals.check();
}

function clockTrouble({ guard }: HealthOfStore): string | undefined {
  if (guard.agrees()) return undefined;
  const offset = guard.offsetMs();
  return offset === undefined
    ? 'not measured yet'
    : `clock is ${offset} ms off Redis, at most ${MAX_OFFSET_MS} ms allowed`;
}
