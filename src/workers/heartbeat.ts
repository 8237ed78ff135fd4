import { BEAT_MS, beat, endBeat, type WorkerIdentity } from '../channels/heartbeats.ts';
import type { Logger } from '../observe/log.ts';
import type { ChannelStore } from '../redis/channel-store.ts';
import { withTimeout } from '../timeout.ts';

/** Records for operators that this process serves its channels. */
export interface Heartbeat {
  /** Begins with these channels. Resolves with their first heartbeats; waits while Redis is unreachable. */
  start(stores: readonly ChannelStore[]): Promise<void>;
  /** Removes the heartbeat; if Redis is unreachable, it expires. */
  stop(): Promise<void>;
}

export interface HeartbeatDeps {
  identity: WorkerIdentity;
  logger: Logger;
}

/** A closing worker waits no longer than this for Redis. */
const END_TIMEOUT_MS = 500;

export function createHeartbeat({ identity, logger }: HeartbeatDeps): Heartbeat {
  let timer: NodeJS.Timeout | undefined;
  const stores: ChannelStore[] = [];
  const beating = new Map<ChannelStore, Promise<void>>();
  let failing = false;

  async function turn(store: ChannelStore): Promise<void> {
    try {
      await beat(store, identity);
      failing = false;
    } catch (error) {
      if (!failing && timer)
        logger.warn({ error: String(error) }, 'heartbeat failed: this worker is missing from status');
      failing = true;
    }
  }

  /** While Redis is unreachable the command hangs: skips the next ones of this channel. */
  function next(store: ChannelStore): void {
    if (beating.has(store)) return;
    beating.set(
      store,
      turn(store).finally(() => beating.delete(store)),
    );
  }

  async function end(store: ChannelStore): Promise<void> {
    if (store.redis.status !== 'ready') return;
    await beating.get(store);
    // If Redis refuses this, or is frozen, the entry expires.
    await endBeat(store, identity).catch(() => {});
  }

  return {
    async start(more) {
      timer ??= setInterval(() => stores.forEach(next), BEAT_MS);
      stores.push(...more);
      more.forEach(next);
      await Promise.all(more.map((store) => beating.get(store)));
    },
    async stop() {
      clearInterval(timer);
      timer = undefined;
      await withTimeout(Promise.all(stores.map(end)), END_TIMEOUT_MS, () => {});
    },
  };
}
