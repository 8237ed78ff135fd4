import type { Redis } from 'ioredis';
import { BEAT_MS, beat, endBeat, type WorkerIdentity } from '../channels/heartbeats.ts';
import type { Logger } from '../observe/log.ts';
import { withTimeout } from '../timeout.ts';

/** Records for operators that this process serves its channels. */
export interface Heartbeat {
  /** Resolves with the first heartbeat; waits while Redis is unreachable. */
  start(): Promise<void>;
  /** Removes the heartbeat; if Redis is unreachable, it expires. */
  stop(): Promise<void>;
}

export interface HeartbeatDeps {
  redis: Redis;
  channels: readonly string[];
  identity: WorkerIdentity;
  logger: Logger;
}

/** A closing worker waits no longer than this for Redis. */
const END_TIMEOUT_MS = 500;

export function createHeartbeat({ redis, channels, identity, logger }: HeartbeatDeps): Heartbeat {
  let timer: NodeJS.Timeout | undefined;
  let beating: Promise<void> | undefined;
  let failing = false;

  async function turn(): Promise<void> {
    try {
      await beat(redis, channels, identity);
      failing = false;
    } catch (error) {
      if (!failing && timer)
        logger.warn({ error: String(error) }, 'heartbeat failed: this worker is missing from status');
      failing = true;
    }
  }

  /** While Redis is unreachable the command hangs: skips the next ones. */
  const next = (): void => {
    beating ??= turn().finally(() => {
      beating = undefined;
    });
  };

  return {
    async start() {
      timer ??= setInterval(next, BEAT_MS);
      next();
      await beating;
    },
    async stop() {
      clearInterval(timer);
      timer = undefined;
      if (redis.status !== 'ready') return;
      const ended = Promise.resolve(beating).then(() => endBeat(redis, channels, identity));
      // If Redis refuses this, or is frozen, the entry expires.
      await withTimeout(
        ended.catch(() => {}),
        END_TIMEOUT_MS,
        () => {},
      );
    },
  };
}
