/**
 * How many bytes of Redis a slot, a play and a message record cost: `npx tsx bench/ledger-bytes.ts [how many]`.
 *
 * Starts a Redis of its own, fills the ledger through its own scripts, and divides what `used_memory` grew by: the
 * buckets' keys, expiries and the allocator's rounding are in it. A slot is told as the difference between a channel
 * with a quota and one without.
 */

import Table from 'cli-table3';
import { Redis } from 'ioredis';
import { createLedger } from '../src/ledger/ledger.ts';
import { recordPlays } from '../src/ledger/lookups.ts';
import { jobKey, messageKey, recipientKey } from '../src/ledger/names.ts';
import type { LedgerMessage } from '../src/ledger/types.ts';
import type { AdmissionPolicy } from '../src/policies/admission.ts';
import { channelStore } from '../src/redis/channel-store.ts';
import { startRedis } from '../src/sandbox/index.ts';

const DAY = 86_400_000;
const BATCH = 1_000;
const PLAY_TTL = 28 * DAY;

type Filled = { live: number; final: number };

const count = Number(process.argv[2] ?? 100_000);
const server = await startRedis();
const redis = new Redis(server.url);
try {
  await fill(redis, true, BATCH);
  const plays = await playBytes(redis);
  const records = await fill(redis, false, count);
  const withSlots = await fill(redis, true, count);
  print([
    ['a settled slot', withSlots.final - records.final, 32],
    ['a play', plays, 32],
    ['a message record, live', records.live, 64],
    ['a message record, final', records.final, 64],
  ]);
} finally {
  redis.disconnect();
  await server.stop();
}

async function usedMemory(): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]);
}

async function inBatches<T>(
  items: readonly T[],
  run: (batch: readonly T[]) => Promise<unknown>,
): Promise<void> {
  for (let i = 0; i < items.length; i += BATCH) await run(items.slice(i, i + BATCH));
}

async function playBytes(store: Redis): Promise<number> {
  await store.flushall();
  const before = await usedMemory();
  const plays = Array.from({ length: count }, (_, i) => ({ recipient: userId(i), at: Date.now() - i }));
  await inBatches(plays, (batch) => recordPlays(channelStore(store, 'bench'), batch, PLAY_TTL));
  return ((await usedMemory()) - before) / count;
}

/** Bytes a message, slots included where the channel has a quota: granted, and then delivered. */
async function fill(store: Redis, quota: boolean, messageCount: number): Promise<Filled> {
  await store.flushall();
  const ledger = createLedger({
    store: channelStore(store, 'bench'),
    policyAround: (around) => JSON.stringify(policy(quota, around)),
    playTtlMs: PLAY_TTL,
    platformDayMs: DAY,
    keepReceipts: 1,
    slotMs: quota ? 0 : undefined,
    credentials: '',
    clock: { now: Date.now, monotonic: () => performance.now() },
  });
  const before = await usedMemory();
  const messages = Array.from({ length: messageCount }, (_, i) => message(i));
  const nonces = new Map<LedgerMessage, string>();
  await inBatches(messages, (batch) =>
    Promise.all(
      batch.map(async (each) => {
        const { verdict, nonce } = await ledger.admit(each);
        if (verdict.kind !== 'granted') throw new Error(`expected a grant and got ${verdict.kind}`);
        nonces.set(each, nonce);
      }),
    ),
  );
  const live = ((await usedMemory()) - before) / messageCount;
  const final = { state: 'delivered', reason: 'sent' } as const;
  await inBatches(messages, (batch) =>
    Promise.all(
      batch.map((each) =>
        ledger.settle({ message: each, nonce: nonces.get(each) ?? '', effect: 'delivered', final }),
      ),
    ),
  );
  return { live, final: ((await usedMemory()) - before) / messageCount };
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

function print(rows: [name: string, bytes: number, target: number][]): void {
  const table = new Table({ head: [`of ${count}`, 'bytes', 'target'], style: { head: [], border: [] } });
  for (const [name, bytes, target] of rows) {
    table.push([name, bytes.toFixed(1), `${target} ${bytes <= target ? 'met' : 'missed'}`]);
  }
  console.log(table.toString());
}
