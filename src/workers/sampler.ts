import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Clock } from '../clock.ts';
import { type ChannelState, readChannelState } from '../ledger/channel-state.ts';
import type { ChannelSample, QueueState } from '../observe/sample.ts';

/** A sample, and what only those who take it need. */
export interface TakenSample extends ChannelSample {
  state: ChannelState;
  /** The queue gives nothing out: for a rest of its own, or since somebody paused it. */
  limited: boolean;
  /** By BullMQ's own pause, as dashboards do it. */
  queuePaused: boolean;
}

/**
 * Reads how a channel stands, for the gauges and for `status`. Some small commands, whatever the queue's length. Ages
 * are told by the oldest message that can be seen without walking the queue: the heads of its lists.
 */
export async function sampleChannel(
  { channel, base, queue, redis }: { channel: string; base: string; queue: Queue; redis: Redis },
  clock: Clock,
): Promise<TakenSample> {
  const [counts, state, heads, restMs, queuePaused] = await Promise.all([
    queue.getJobCounts('waiting', 'prioritized', 'active', 'delayed'),
    readChannelState(redis, base),
    readHeads(queue, redis),
    queue.getRateLimitTtl(),
    queue.isPaused(),
  ]);
  const overdue = await queue.getDelayedCount(clock.now());
  const count = (name: string): number => counts[name] ?? 0;
  const waitingSlot = state.waits.slot?.count ?? 0;
  const retrying = state.waits.retry?.count ?? 0;
  // A dashboard of BullMQ 5 moves those that wait to a list of their own; later ones leave them where they are.
  const aside = queuePaused ? await redis.llen(queue.toKey('paused')) : 0;
  const ready = count('waiting') + aside + count('prioritized');
  const age = (since: number | undefined): number | undefined =>
    since === undefined ? undefined : Math.max(0, state.now - since) / 1000;
  const letters = Object.values(state.letters);
  const oldestLetter = letters.sort((a, b) => a.oldest - b.oldest)[0];
  return {
    channel,
    state,
    limited: restMs > 0 || queuePaused,
    queuePaused,
    queue: {
      ready,
      active: count('active'),
      scheduled: Math.max(0, count('delayed') - waitingSlot - retrying),
      waiting_slot: waitingSlot,
      retrying,
      dead: letters.reduce((sum, letter) => sum + letter.count, 0),
    },
    ready: state.stopped || state.resting || queuePaused ? 0 : ready + overdue,
    oldestAgeSeconds: defined({
      ready: age(earliest(heads.waiting, heads.prioritized)),
      active: age(heads.active),
      waiting_slot: age(state.waits.slot?.since),
      retrying: age(state.waits.retry?.since),
      dead: age(oldestLetter?.since),
    }),
    deadLetters: Object.fromEntries(
      Object.entries(state.letters).map(([reason, { count }]) => [reason, count]),
    ),
    oldestDeadLetterAgeSeconds: age(oldestLetter?.oldest) ?? 0,
    resting: state.resting && { reason: state.resting.reason },
    stopped: holdOf(state, queuePaused),
  };
}

const holdOf = ({ stopped }: ChannelState, queuePaused: boolean): ChannelSample['stopped'] => {
  if (stopped) return { reason: stopped.reason };
  return queuePaused ? { reason: 'queue_paused' } : null;
};

function defined(ages: Partial<Record<QueueState, number | undefined>>): Partial<Record<QueueState, number>> {
  return Object.fromEntries(Object.entries(ages).filter(([, age]) => age !== undefined));
}

const earliest = (...times: (number | undefined)[]): number | undefined => {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
};

type Heads = Partial<Record<'waiting' | 'prioritized' | 'active', number>>;

/** Since when the first message of each list is due: the later of its enqueue and its `sendAt`. */
async function readHeads(queue: Queue, redis: Redis): Promise<Heads> {
  const ids = {
    waiting: await redis.lindex(queue.toKey('wait'), -1),
    prioritized: (await redis.zrange(queue.toKey('prioritized'), '0', '0'))[0],
    active: await redis.lindex(queue.toKey('active'), -1),
  };
  const heads: Heads = {};
  for (const [list, id] of Object.entries(ids)) {
    if (!id) continue;
    const [timestamp, data] = await redis.hmget(queue.toKey(id), 'timestamp', 'data');
    if (timestamp) heads[list as keyof Heads] = Math.max(Number(timestamp), sendAt(data));
  }
  return heads;
}

function sendAt(data: string | null | undefined): number {
  const at = /"sendAt":"([^"]{1,40})"/.exec(data ?? '')?.[1];
  const time = at === undefined ? Number.NaN : Date.parse(at);
  return Number.isNaN(time) ? 0 : time;
}
