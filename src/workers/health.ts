import type { Redis } from 'ioredis';
import type { Clock } from '../clock.ts';
import type { StoreWatch } from '../ledger/store-watch.ts';
import type { LivenessReport, ReadinessCheck, ReadinessReport } from '../observe/health.ts';
import type { RunningChannel } from './channel.ts';
import { type ClockGuard, MAX_OFFSET_MS } from './clock-guard.ts';
import type { Rounds } from './rounds.ts';

export interface Health {
  live(): LivenessReport;
  ready(): Promise<ReadinessReport>;
}

export interface HealthDeps {
  redis: Redis;
  store: Pick<StoreWatch, 'untoldMs'>;
  channels: readonly RunningChannel[];
  guard: ClockGuard;
  rounds: Rounds;
  clock: Clock;
}

/** A worker that has room, sees ready messages and takes none for this long is stuck; a restart mends it. */
const STUCK_AFTER_MS = 60_000;

/** A store that has been told of recent sends takes milliseconds for it; one that refuses for so long needs a person. */
const UNTOLD_AFTER_MS = 5_000;

export function createHealth({ redis, store, channels, guard, rounds, clock }: HealthDeps): Health {
  function stuck(): string | undefined {
    if (redis.status !== 'ready' || !guard.agrees()) return undefined;
    const ready = new Map(rounds.samples().map((sample) => [sample.channel, sample.ready]));
    const idle = channels.find(({ config, worker }) => {
      const idleMs = clock.monotonic() - worker.lastTakenAt();
      return (ready.get(config.name) ?? 0) > 0 && worker.active() === 0 && idleMs > STUCK_AFTER_MS;
    });
    return (
      idle &&
      `channel ${idle.config.name} has ready messages and none was taken for ${STUCK_AFTER_MS / 1000} s`
    );
  }

  async function checkRedis(): Promise<ReadinessCheck> {
    const name = 'redis';
    if (redis.status !== 'ready') return { name, ok: false, detail: `connection is ${redis.status}` };
    const untoldMs = store.untoldMs();
    if (untoldMs > UNTOLD_AFTER_MS) {
      const seconds = Math.round(untoldMs / 1000);
      return {
        name,
        ok: false,
        detail: `refuses for ${seconds} s to be told of recent sends: nothing is sent`,
      };
    }
    return { name, ok: (await redis.ping()) === 'PONG' };
  }

  return {
    live() {
      const detail = stuck();
      return detail === undefined ? { live: true } : { live: false, detail };
    },
    async ready() {
      const offset = guard.offsetMs();
      const clockDetail =
        offset === undefined
          ? 'not measured yet'
          : `${offset} ms off Redis, at most ${MAX_OFFSET_MS} allowed`;
      return {
        checks: [
          { name: 'configuration', ok: true },
          await checkRedis(),
          { name: 'clock', ok: guard.agrees(), ...(guard.agrees() ? {} : { detail: clockDetail }) },
        ],
        stopped: rounds
          .samples()
          .flatMap(({ channel, stopped }) => (stopped ? [{ channel, reason: stopped.reason }] : [])),
      };
    },
  };
}
