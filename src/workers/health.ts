import type { Redis } from 'ioredis';
import type { Clock } from '../clock.ts';
import type { LivenessReport, ReadinessReport } from '../observe/health.ts';
import type { RunningChannel } from './channel.ts';
import { type ClockGuard, MAX_OFFSET_MS } from './clock-guard.ts';
import type { Rounds } from './rounds.ts';

export interface Health {
  live(): LivenessReport;
  ready(): Promise<ReadinessReport>;
}

export interface HealthDeps {
  redis: Redis;
  channels: readonly RunningChannel[];
  guard: ClockGuard;
  rounds: Rounds;
  clock: Clock;
}

/** A worker that has room, sees ready messages and takes none for this long is stuck; a restart mends it. */
const STUCK_AFTER_MS = 60_000;

export function createHealth({ redis, channels, guard, rounds, clock }: HealthDeps): Health {
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

  return {
    live() {
      const detail = stuck();
      return detail === undefined ? { live: true } : { live: false, detail };
    },
    async ready() {
      const answers = redis.status === 'ready' && (await redis.ping()) === 'PONG';
      const offset = guard.offsetMs();
      const clockDetail =
        offset === undefined
          ? 'not measured yet'
          : `${offset} ms off Redis, at most ${MAX_OFFSET_MS} allowed`;
      return {
        checks: [
          { name: 'configuration', ok: true },
          { name: 'redis', ok: answers, ...(answers ? {} : { detail: `connection is ${redis.status}` }) },
          { name: 'clock', ok: guard.agrees(), ...(guard.agrees() ? {} : { detail: clockDetail }) },
        ],
        stopped: rounds
          .samples()
          .flatMap(({ channel, stopped }) => (stopped ? [{ channel, reason: stopped.reason }] : [])),
      };
    },
  };
}
