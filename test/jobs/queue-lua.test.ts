import { type Job, Queue, Worker } from 'bullmq';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadScript } from '../../src/ledger/script.ts';
import { channelStore } from '../../src/redis/channel-store.ts';
import { PREFIX, queueName } from '../../src/redis/keys.ts';
import { eventually } from '../../testing/eventually.ts';
import { useStore } from '../ledger/harness.ts';

const store = useStore();
const probe = loadScript('../../../test/jobs/queue-probe.lua');
let channels = 0;
let channel: string;
let queue: Queue;

beforeEach(() => {
  channel = `queue-${++channels}`;
  queue = new Queue(queueName(channel), { connection: store.redis, prefix: PREFIX });
});
afterEach(() => queue.close());

interface Added {
  id: string;
  name?: string;
  priority?: number;
  dueIn?: number;
}

async function add(...jobs: Added[]): Promise<unknown> {
  const full = jobs.map((job) => ({ data: `"${job.id}"`, timestamp: '12', priority: 0, ...job }));
  return await channelStore(store.redis, channel).run(probe, [JSON.stringify(full)]);
}

/** Runs BullMQ's own worker until it has processed so many jobs; their ids, in order. */
async function processed(count: number, before: () => Promise<unknown> = async () => {}): Promise<string[]> {
  const seen: Job[] = [];
  const connection = store.redis.duplicate({ maxRetriesPerRequest: null });
  const worker = new Worker(queueName(channel), async (job) => void seen.push(job), {
    connection,
    prefix: PREFIX,
  });
  try {
    await worker.waitUntilReady();
    await before();
    await eventually('the jobs are processed', () => seen.length === count || undefined);
  } finally {
    await worker.close();
    connection.disconnect();
  }
  return seen.map(({ id }) => id!);
}

it('adds jobs as BullMQ reads them, those of a priority behind those without, each in the order given', async () => {
  await add(
    { id: 'b', priority: 2 },
    { id: 'a', priority: 1 },
    { id: 'first', name: 'messages' },
    { id: 'then' },
    { id: 'c', priority: 2 },
  );
  expect(await queue.getJob('first')).toMatchObject({
    name: 'messages',
    data: 'first',
    timestamp: 12,
    delay: 0,
  });
  expect(await queue.getJob('c')).toMatchObject({ name: 'message', priority: 2 });
  expect(await processed(5)).toEqual(['first', 'then', 'a', 'b', 'c']);
});

it('stores a job for an instant to come as BullMQ does, and since when it will be waited for', async () => {
  const before = await store.now();
  await add({ id: 'ours', dueIn: 60_000, priority: 3 });
  const after = await store.now();
  const theirs = await queue.add('message', 'theirs', { jobId: 'theirs', delay: 60_000, priority: 3 });
  const [ours] = await queue.getDelayed();
  expect(ours).toMatchObject({ id: 'ours', delay: 60_000, priority: 3 });
  const { 'herald:due': since, ...fields } = await store.redis.hgetall(queue.toKey('ours'));
  expect(Object.keys(fields).toSorted()).toEqual(
    Object.keys(await store.redis.hgetall(queue.toKey('theirs'))).toSorted(),
  );
  const dueAt = Number(await store.redis.zscore(queue.toKey('delayed'), 'ours')) / 0x1000;
  expect(dueAt).toBeGreaterThanOrEqual(before + 60_000);
  expect(dueAt).toBeLessThanOrEqual(after + 60_000);
  expect(Number(await store.redis.zscore(queue.toKey('marker'), '1'))).toBe(dueAt);
  expect(Number(since)).toBe(dueAt);
  expect(theirs.delay).toBe(60_000);
});

it('keeps the order of jobs that are due together, and the marker at the first of all', async () => {
  const many = Array.from({ length: 50 }, (_, i) => ({ id: `m${i}`, dueIn: 50_000 }));
  await add({ id: 'last', dueIn: 90_000 }, ...many);
  const listed = (await queue.getDelayed()).map(({ id }) => id);
  expect(listed).toEqual([...many.map(({ id }) => id), 'last']);
  const [, first] = await store.redis.zrange(queue.toKey('delayed'), '0', '0', 'WITHSCORES');
  const marker = Number(await store.redis.zscore(queue.toKey('marker'), '1'));
  expect(marker).toBe(Math.floor(Number(first) / 0x1000));
});

it('is picked up once it is due, by a worker that was idle when it was added', async () => {
  const soon = { id: 'soon', dueIn: 300 };
  expect(await processed(1, () => add({ id: 'late', dueIn: 3_600_000 }, soon))).toEqual(['soon']);
});

it('adds what is due already at once', async () => {
  await add({ id: 'past', dueIn: -1 }, { id: 'now', dueIn: 0 });
  expect(await processed(2)).toEqual(['past', 'now']);
});

it('passes over a job whose id exists, wherever that job is', async () => {
  expect(await add({ id: 'a' }, { id: 'a', priority: 1 }, { id: 'b', dueIn: 60_000 })).toEqual([1, 0, 1]);
  expect(await add({ id: 'b' }, { id: 'a', dueIn: 60_000 })).toEqual([0, 0]);
  expect(await queue.getJobCounts('waiting', 'prioritized', 'delayed')).toEqual({
    waiting: 1,
    prioritized: 0,
    delayed: 1,
  });
});
