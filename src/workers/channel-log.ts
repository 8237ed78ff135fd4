import type { TakenSample } from '../channels/sampler.ts';
import type { Logger } from '../observe/log.ts';
import type { HoldReason } from '../observe/sample.ts';

/**
 * Logs when a channel stops and when it resumes, as a worker's samples show it: whoever stopped it, every worker's log tells,
 * within seconds.
 */
export interface ChannelLog {
  note(sample: Seen): void;
}

type Seen = Pick<TakenSample, 'channel' | 'stopped'> & {
  state: Pick<TakenSample['state'], 'now' | 'stopped'>;
};

interface Stop {
  reason: HoldReason;
  /** When it was first seen, or when it began if the store knows; milliseconds since the epoch by the store's clock. */
  since: number;
}

/** A worker that lost the right to its channel says so itself, with the detail (`channel-lease.ts`). */
const TOLD: readonly HoldReason[] = ['policy_changed', 'account_taken'];

export function createChannelLog(logger: Logger): ChannelLog {
  const stops = new Map<string, Stop>();

  function stopped(channel: string, { reason, since }: Stop): void {
    if (TOLD.includes(reason)) return;
    if (reason === 'queue_paused') {
      logger.warn({ channel }, 'queue is paused in BullMQ: nothing is sent until it is resumed');
      return;
    }
    const fields = { channel, reason, since: new Date(since).toISOString() };
    const level = reason === 'paused' ? 'warn' : 'error';
    logger[level](fields, 'channel stopped: nothing is sent until it is resumed');
  }

  function resumed(channel: string, { reason, since }: Stop, now: number): void {
    if (TOLD.includes(reason)) return;
    if (reason === 'queue_paused') logger.info({ channel }, 'queue is no longer paused in BullMQ');
    else logger.info({ channel, reason, stopped_ms: Math.max(0, now - since) }, 'channel resumed');
  }

  return {
    note({ channel, stopped: hold, state }) {
      const before = stops.get(channel);
      if (before?.reason === hold?.reason) return;
      if (!hold) {
        stops.delete(channel);
        return resumed(channel, before!, state.now);
      }
      const since = state.stopped?.reason === hold.reason ? state.stopped.at : state.now;
      const stop = { reason: hold.reason, since };
      stops.set(channel, stop);
      stopped(channel, stop);
    },
  };
}
