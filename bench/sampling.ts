/**
 * What it costs to watch a channel, empty and full: `npm run bench:sampling [queued] [dead letters] [seconds waited for]`.
 *
 * A sample is what one worker of a channel takes every five seconds for all of them; a scrape is what Prometheus asks of each.
 */
import Table from 'cli-table3';
import { Redis } from 'ioredis';
import { createProducer } from '../src/app.ts';
import { sampleChannel } from '../src/channels/sampler.ts';
import { systemClock } from '../src/clock.ts';
import { openChannelQueue } from '../src/jobs/channel-queue.ts';
import { stopChannel } from '../src/ledger/channel-state.ts';
import { createLedgerCalls } from '../src/ledger/ledger.ts';
import { jobKey, messageKey, newNonce, recipientKey } from '../src/ledger/names.ts';
import type { LedgerCalls, Settlement } from '../src/ledger/types.ts';
import { type ChannelStore, channelStore } from '../src/redis/channel-store.ts';
import { accountChannels } from '../src/sandbox/accounts.ts';
import { startRedis } from '../src/sandbox/index.ts';
import { buildLocalWorker } from '../testing/local-worker.ts';
import { inBatches, messages } from './messages.ts';
import { redisCpuSeconds } from './redis-figures.ts';
import { percentile } from './statistics.ts';

const CHANNEL = 'kongregate';
const HOUR = 3_600_000;
const ROUNDS = 50;
const BATCH = 100;

interface Full {
  queued: number;
  dead: number;
  /** Seconds in which a message that waits is due. */
  seconds: number;
}

const [queued = 200_000, dead = 20_000, seconds = 86_400] = process.argv.slice(2).map(Number);
const server = await startRedis();
const redis = new Redis(server.url);
const store = channelStore(redis, CHANNEL);
const table = new Table({
  head: ['queued', 'dead', 'waits', 'sample, ms of Redis', 'sample, ms', 'scrape, ms', 'scrape, KiB'],
  style: { head: [], border: [] },
});
try {
  for (const full of [
    { queued: 0, dead: 0, seconds: 0 },
    { queued, dead, seconds },
  ]) {
    await fill(full);
    table.push([
      full.queued,
      full.dead,
      full.seconds,
      ...(await measure()).map((figure) => figure.toFixed(2)),
    ]);
  }
  console.log(table.toString());
} finally {
  redis.disconnect();
  await server.stop();
}

async function fill(full: Full): Promise<void> {
  await stopChannel(store, 'paused');
  const producer = createProducer({ redis: server.url, channels: [CHANNEL], timeout: '60s' });
  await producer.sendMany(messages(full.queued));
  await producer.close();
  const calls = openLedger(store);
  const from = Date.now() + HOUR;
  await settleAll(calls, full.dead, (i) => ({
    final: { state: 'dead', reason: 'exhausted' },
    letter: {
      name: 'message',
      detail: '',
      data: JSON.stringify({ v: 1, i }),
      enqueuedAt: String(from),
      dueAt: from,
      priority: 0,
    },
  }));
  await settleAll(calls, full.seconds, (i) => ({
    wait: { cause: 'quota', untilMs: from + i * 1000, since: from - i },
  }));
}

async function settleAll(
  calls: LedgerCalls,
  count: number,
  more: (i: number) => Partial<Settlement>,
): Promise<void> {
  const all = Array.from({ length: count }, (_, i) => i);
  for (const batch of inBatches(all, BATCH)) {
    const settlements = batch.map((i) => settlement(`${count}-${i}`, more(i)));
    await calls.settle(settlements);
  }
}

function settlement(id: string, more: Partial<Settlement>): Settlement {
  const jobId = `m_${id}`;
  return {
    message: {
      ...{ id, jobId, key: messageKey(id), job: jobKey(jobId), recipient: recipientKey(id) },
      expiresAt: Date.now() + 48 * HOUR,
    },
    nonce: newNonce(),
    effect: 'none',
    ...more,
  };
}

function openLedger(channel: ChannelStore): LedgerCalls {
  return createLedgerCalls({
    store: channel,
    policyAround: () => '{}',
    playTtlMs: 0,
    platformDayMs: 0,
    keepReceipts: 1,
    slotMs: undefined,
    credentials: '',
    clock: systemClock,
  });
}

async function measure(): Promise<number[]> {
  const queue = openChannelQueue(store);
  await sampleChannel([{ store, queue }], systemClock);
  const before = await redisCpuSeconds(redis);
  const sampled = await times(async () => void (await sampleChannel([{ store, queue }], systemClock)));
  const ofRedis = (((await redisCpuSeconds(redis)) - before) * 1000) / ROUNDS;
  await queue.close();
  const worker = buildLocalWorker({
    ...{ redis: server.url, http: false, logLevel: 'error' },
    channels: { [CHANNEL]: accountChannels('http://127.0.0.1:9')[CHANNEL] },
  });
  await worker.start();
  while (!(await worker.metrics()).includes('herald_ready_messages{')) await new Promise(setImmediate);
  const scraped = await times(async () => void (await worker.metrics()));
  const bytes = Buffer.byteLength(await worker.metrics());
  await worker.close();
  return [ofRedis, percentile(sampled, 0.5), percentile(scraped, 0.5), bytes / 1024];
}

async function times(run: () => Promise<void>): Promise<number[]> {
  const taken: number[] = [];
  for (let i = 0; i < ROUNDS; i += 1) {
    const from = systemClock.monotonic();
    await run();
    taken.push(systemClock.monotonic() - from);
  }
  return taken;
}
