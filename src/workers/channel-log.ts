import type { TakenSample } from '../channels/sampler.ts';
import type { Clock } from '../clock.ts';
import type { EpochCause } from '../ledger/epoch.ts';
import type { Logger } from '../observe/log.ts';
import type { HoldReason } from '../observe/sample.ts';

/**
 * Logs when a channel stops and resumes, and when its breaker opens and closes, as a worker's samples show it: whoever did it, every
 * worker's log tells, within seconds.
 */
export interface ChannelLog {
  /** Call when this worker's requests opened the breaker, again after a probe included. */
  breakerOpened(failures: number, restMs: number): void;
  /** Call when recent sends were restored to a store that may have lost acknowledged writes. */
  restored(cause: EpochCause, counts: object): void;
  note(sample: Seen): void;
}

type Seen = Pick<TakenSample, 'stopped' | 'breaker'> & {
  state: Pick<TakenSample['state'], 'now' | 'stopped'>;
};

interface Stop {
  reason: HoldReason;
  /** When it was first seen, or when it began if the store knows; milliseconds since the epoch by the store's clock. */
  since: number;
}

const FAILOVER = 'redis failover: restored recent sends';
const FLUSHED =
  'redis was flushed: restored recent sends; queued messages and older slots are gone, and players may get a second message';

/** Log messages for a store that may have lost acknowledged writes, by cause. */
const RESTORED: Record<EpochCause, string> = {
  same: FAILOVER,
  new: FAILOVER,
  failover: FAILOVER,
  flushed: FLUSHED,
};

/** A worker that lost the right to its channel says so itself, with the detail (`channel-lease.ts`). */
const TOLD: readonly HoldReason[] = ['policy_changed', 'account_taken'];

/**
 * @param logger with the channel's name
 * @param clock the store's
 */
export function createChannelLog(logger: Logger, clock: Pick<Clock, 'now'>): ChannelLog {
  let stop: Stop | undefined;
  /** Since when the breaker is not closed, by the store's clock. */
  let openSince: number | undefined;

  function stopped({ reason, since }: Stop): void {
    if (TOLD.includes(reason)) return;
    if (reason === 'queue_paused') {
      logger.warn('queue is paused in BullMQ: nothing is sent until it is resumed');
      return;
    }
    const fields = { reason, since: new Date(since).toISOString() };
    logger[reason === 'paused' ? 'warn' : 'error'](
      fields,
      'channel stopped: nothing is sent until it is resumed',
    );
  }

  function resumed({ reason, since }: Stop, now: number): void {
    if (TOLD.includes(reason)) return;
    if (reason === 'queue_paused') logger.info('queue is no longer paused in BullMQ');
    else logger.info({ reason, stopped_ms: Math.max(0, now - since) }, 'channel resumed');
  }

  function noteStop({ stopped: hold, state }: Seen): void {
    const before = stop;
    if (before?.reason === hold?.reason) return;
    const since = state.stopped?.reason === hold?.reason ? state.stopped?.at : undefined;
    stop = hold ? { reason: hold.reason, since: since ?? state.now } : undefined;
    if (stop) stopped(stop);
    else resumed(before!, state.now);
  }

  function noteBreaker({ breaker, state: { now } }: Seen): void {
    if (breaker !== 'closed') openSince ??= now;
    // A sample that is shared may be of before the breaker opened.
    else if (openSince !== undefined && now > openSince) {
      logger.info({ open_ms: now - openSince }, 'breaker closed');
      openSince = undefined;
    }
  }

  return {
    breakerOpened(failures, restMs) {
      openSince ??= clock.now();
      logger.warn({ failures, rest_ms: restMs }, 'breaker opened');
    },
    restored: (cause, counts) => logger.warn({ cause, ...counts }, RESTORED[cause]),
    note(sample) {
      noteStop(sample);
      noteBreaker(sample);
    },
  };
}
