import { beforeEach, expect, it } from 'vitest';
import { readChannelState } from '../../src/ledger/channel-state.ts';
import { loadScript } from '../../src/ledger/script.ts';
import { type ChannelStore, channelStore } from '../../src/redis/channel-store.ts';
import { useStore } from '../ledger/harness.ts';

const store = useStore();
const probe = loadScript('../../../test/jobs/queue-probe.lua');
let channels = 0;
let own: ChannelStore;
let now: number;

beforeEach(async () => {
  own = channelStore(store.redis, `oldest-${++channels}`);
  now = await store.now();
});

interface Added {
  id: string;
  /** Seconds since its enqueue. */
  age: number;
  priority?: number;
  since?: number;
}

async function add(...jobs: Added[]): Promise<void> {
  const full = jobs.map(({ age, ...job }) => ({
    data: '{}',
    timestamp: String(now - age * 1000),
    priority: 0,
    ...job,
  }));
  await own.run(probe, [JSON.stringify(full)]);
}

const many = (count: number, prefix: string, age: number, fields: Partial<Added> = {}): Added[] =>
  Array.from({ length: count }, (_, i) => ({ id: `m_${prefix}${i}`, age, ...fields }));

/** `id: seconds`, the oldest first. */
const oldest = async (): Promise<string[]> =>
  (await readChannelState(own)).oldestReady.map(({ id, since }) => `${id}: ${(now - since) / 1000}`);

it('is found behind what was enqueued after it, and behind what is more urgent', async () => {
  await add(...many(40, 'new', 7));
  expect((await oldest())[0]).toMatch(/^m_new\d+: 7$/);
  await add({ id: 'm_retried', age: 420 }, ...many(40, 'newer', 3), { id: 'm_late', age: 58, priority: 20 });
  expect(await oldest()).toEqual(['m_retried: 420', 'm_late: 58', expect.stringContaining(': 7')]);
});

it('is found in each priority of a long queue', async () => {
  await add(...many(400, 'urgent', 1, { priority: 2 }), ...many(400, 'bulk', 90, { priority: 3 }));
  await add(...many(400, 'last', 20, { priority: 20 }));
  expect((await oldest())[0]).toMatch(/^m_bulk\d+: 90$/);
});

it('is found by the look of a part where a part of a long queue is old', async () => {
  await add(...many(400, 'a', 1), ...many(300, 'old', 600), ...many(400, 'b', 1));
  expect((await oldest())[0]).toMatch(/: 600$/);
});

it('is not lost sight of until it has gone', async () => {
  await add(...many(20, 'a', 1), { id: 'm_old', age: 600 });
  expect((await oldest())[0]).toBe('m_old: 600');
  await add(...many(1_000, 'b', 1));
  const wait = `herald:{${own.channel}}:wait`;
  await store.redis.rpush(wait, ...Array.from({ length: 500 }, (_, i) => `m_b${i}`));
  expect((await oldest())[0]).toBe('m_old: 600');
  await store.redis.lrem(wait, 1, 'm_old');
  await store.redis.lpush(`herald:{${own.channel}}:active`, 'm_old');
  expect((await oldest())[0]).toMatch(/: 1$/);
});

it('is none whose job was taken out of its list by hand, or has failed', async () => {
  const queue = `herald:{${own.channel}}:`;
  await add(...many(400, 'a', 1), { id: 'm_failed', age: 600 });
  expect((await oldest())[0]).toBe('m_failed: 600');
  await store.redis.lrem(`${queue}wait`, 1, 'm_failed');
  await store.redis.zadd(`${queue}failed`, 1, 'm_failed');
  expect((await oldest())[0]).toMatch(/: 1$/);
  await add({ id: 'm_lost', age: 700 });
  expect((await oldest())[0]).toBe('m_lost: 700');
  await store.redis.lrem(`${queue}wait`, 1, 'm_lost');
  await store.redis.ltrim(`${queue}wait`, 0, 9);
  expect((await oldest())[0]).toMatch(/: 1$/);
});

it('is no job of a foreign producer that says no instant', async () => {
  await add({ id: 'junk', age: 1 }, { id: 'endless', age: 1 }, { id: 'm_a', age: 2 });
  await store.redis.hset(`herald:{${own.channel}}:junk`, 'timestamp', 'junk');
  await store.redis.hset(`herald:{${own.channel}}:endless`, 'timestamp', '1e999');
  expect(await oldest()).toEqual(['m_a: 2']);
});

it('counts from when it was due, as far as its job says so', async () => {
  await add({ id: 'm_scheduled', age: 1_000, since: now - 5_000 }, { id: 'foreign', age: 100 });
  expect(await oldest()).toEqual(['foreign: 100', 'm_scheduled: 5']);
  const { oldestReady } = await readChannelState(own);
  expect(oldestReady.map(({ sure }) => sure)).toEqual([false, true]);
});

it('is none of an empty queue', async () => {
  await add({ id: 'm_old', age: 600 });
  expect(await oldest()).toHaveLength(1);
  await store.redis.del(`herald:{${own.channel}}:wait`, `herald:{${own.channel}}:m_old`);
  expect(await oldest()).toEqual([]);
  expect(await store.redis.hexists(own.keys.state, 'oldestReady')).toBe(0);
});
