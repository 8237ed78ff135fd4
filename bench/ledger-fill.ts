/**
 * Fills the ledger through its own scripts and divides what `used_memory` grew by: the buckets' keys, expiries and the
 * allocator's rounding are in it.
 */
import type { Redis } from 'ioredis';
import { enqueueJob } from '../src/jobs/enqueue.ts';
import { MAX_MESSAGES, newJobId } from '../src/jobs/job-ids.ts';
import { createLedgerCalls, joinCalls, type Ledger } from '../src/ledger/ledger.ts';
import { recordPlays } from '../src/ledger/lookups.ts';
import { jobKey, messageKey, recipientKey } from '../src/ledger/names.ts';
import type { LedgerMessage } from '../src/ledger/types.ts';
import type { AdmissionPolicy } from '../src/policies/admission.ts';
import { channelStore } from '../src/redis/channel-store.ts';
import { channelKey } from '../src/redis/keys.ts';
import { inBatches } from './messages.ts';
import { usedBytes } from './redis-figures.ts';

const DAY = 86_400_000;
const BATCH = 1_000;
const PLAY_TTL = 28 * DAY;
const CHANNEL = 'bench';

/** Bytes a message, slot included where the channel has a quota. */
export interface RecordBytes {
  /** Granted. */
  live: number;
  /** Delivered. */
  final: number;
}

/** Deletes what was in the store. */
export async function playBytes(redis: Redis, count: number): Promise<number> {
  await warmUp(redis);
  const before = await usedBytes(redis);
  const plays = Array.from({ length: count }, (_, i) => ({ recipient: userId(i), at: Date.now() - i }));
  for (const batch of inBatches(plays, BATCH))
    await recordPlays(channelStore(redis, CHANNEL), batch, PLAY_TTL);
  return ((await usedBytes(redis)) - before) / count;
}

/** A settled slot: by what a channel with a quota is larger than one without. Deletes what was in the store. */
export async function slotBytes(redis: Redis, count: number): Promise<number> {
  const without = await recordBytes(redis, count);
  return (await recordBytes(redis, count, { quota: true })).final - without.final;
}

/** Deletes what was in the store. */
export async function recordBytes(
  redis: Redis,
  count: number,
  { quota = false }: { quota?: boolean } = {},
): Promise<RecordBytes> {
  await warmUp(redis);
  const ledger = openLedger(redis, quota);
  const before = await usedBytes(redis);
  const messages = Array.from({ length: count }, (_, i) => message(i));
  const granted = await admit(ledger, messages);
  const live = ((await usedBytes(redis)) - before) / count;
  await deliver(ledger, granted);
  return { live, final: ((await usedBytes(redis)) - before) / count };
}

type Granted = { message: LedgerMessage; nonce: string };

/** What enqueueing leaves in the ledger: the jobs themselves are removed again. Deletes what was in the store. */
export async function enlistedBytes(redis: Redis, count: number): Promise<number> {
  await warmUp(redis);
  const before = await usedBytes(redis);
  const messages = Array.from({ length: count }, (_, i) => message(i));
  for (const batch of inBatches(messages, MAX_MESSAGES)) {
    const entries = batch.map(({ id, expiresAt }) => ({ id, expiresAt, text: '{}' }));
    const jobId = newJobId(batch.length);
    await enqueueJob(channelStore(redis, CHANNEL), {
      jobId,
      priority: 0,
      dueAt: undefined,
      messages: entries,
    });
    await redis.del(`${channelKey(CHANNEL)}:${jobId}`);
  }
  await redis.del(`${channelKey(CHANNEL)}:prioritized`);
  return ((await usedBytes(redis)) - before) / count;
}

/** Scripts are loaded and the connection's buffers are as large as a batch. Leaves an empty store. */
async function warmUp(redis: Redis): Promise<void> {
  await redis.flushall();
  const ledger = openLedger(redis, true);
  const messages = Array.from({ length: BATCH }, (_, i) => message(i));
  await deliver(ledger, await admit(ledger, messages));
  await redis.flushall();
}

async function admit(ledger: Ledger, messages: Iterable<LedgerMessage>): Promise<Granted[]> {
  const granted: Granted[] = [];
  for (const batch of inBatches(messages, BATCH)) {
    const admitOne = async (each: LedgerMessage): Promise<Granted> => {
      const { verdict, nonce } = await ledger.admit(each);
      if (verdict.kind !== 'granted') throw new Error(`expected a grant and got ${verdict.kind}`);
      return { message: each, nonce };
    };
    granted.push(...(await Promise.all(batch.map(admitOne))));
  }
  return granted;
}

async function deliver(ledger: Ledger, granted: Iterable<Granted>): Promise<void> {
  const final = { state: 'delivered', reason: 'sent' } as const;
  for (const batch of inBatches(granted, BATCH))
    await Promise.all(batch.map((each) => ledger.settle({ ...each, effect: 'delivered', final })));
}

function openLedger(redis: Redis, quota: boolean): Ledger {
  return joinCalls(
    createLedgerCalls({
      store: channelStore(redis, CHANNEL),
      policyAround: (around) => JSON.stringify(policy(quota, around)),
      playTtlMs: PLAY_TTL,
      platformDayMs: DAY,
      keepReceipts: 1,
      slotMs: quota ? 0 : undefined,
      credentials: '',
      clock: { now: Date.now, monotonic: () => performance.now() },
    }),
  );
}

function policy(quota: boolean, around: number): AdmissionPolicy {
  const windows = [around - DAY / 2, around + DAY / 2];
  return {
    quota,
    windows,
    playTtl: PLAY_TTL,
    sendWhenUnknown: true,
    lease: 3_600_000,
    ahead: 0,
    attempts: 12,
    patience: 600_000,
    quiet: 60_000,
    resolution: 'keep',
    platformDay: DAY,
    inForce: 'null',
  };
}

/** Ids of eight digits, as long as the platform's newest ones. */
function userId(i: number): string {
  return `${10_000_000 + i * 613}`;
}

function message(i: number): LedgerMessage {
  return {
    id: `message-${i}`,
    jobId: `m_${i}`,
    key: messageKey(`message-${i}`),
    job: jobKey(`m_${i}`),
    recipient: recipientKey(userId(i)),
    expiresAt: Date.now() + 7 * DAY,
  };
}
