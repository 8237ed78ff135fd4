import { Queue } from 'bullmq';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ChannelQueue, openChannelQueue } from '../../src/jobs/channel-queue.ts';
import { channelStore } from '../../src/redis/channel-store.ts';
import { PREFIX, queueName } from '../../src/redis/keys.ts';
import { useStore } from '../ledger/harness.ts';

const CHANNEL = 'looked-at';
const HOUR = 3_600_000;
const store = useStore();
let bull: Queue;
let queue: ChannelQueue;

beforeAll(async () => {
  bull = new Queue(queueName(CHANNEL), { connection: store.redis, prefix: PREFIX });
  queue = openChannelQueue(channelStore(store.redis, CHANNEL));
  await bull.add('message', 1, { jobId: 'first' });
  await bull.add('message', 2, { jobId: 'second' });
  await bull.add('message', 3, { jobId: 'less-urgent', priority: 5 });
  await bull.add('message', 4, { jobId: 'urgent', priority: 1 });
  await bull.add('message', 5, { jobId: 'tomorrow', delay: 24 * HOUR });
  await bull.add('message', 6, { jobId: 'soon', delay: HOUR });
});
afterAll(async () => {
  await queue.close();
  await bull.close();
});

const ids = (jobs: readonly { id: string }[]): string[] => jobs.map(({ id }) => id);

it('tells how many jobs are in each state, and which of them are due', async () => {
  const counts = { ready: 4, active: 0, delayed: 2, overdue: 0, failed: 0, paused: false, resting: false };
  expect(await queue.counts(Date.now())).toEqual(counts);
  expect(await queue.counts(Date.now() + 2 * HOUR)).toEqual({ ...counts, overdue: 1 });
});

it('lists jobs in the order in which workers take them', async () => {
  const ready = ['first', 'second', 'urgent', 'less-urgent'];
  expect(ids(await queue.first('ready', 10))).toEqual(ready);
  expect(ids(await queue.first('ready', 1))).toEqual(ready.slice(0, 1));
  expect(ids(await queue.first('ready', 3))).toEqual(ready.slice(0, 3));
  const delayed = await queue.first('delayed', 10);
  expect(ids(delayed)).toEqual(['soon', 'tomorrow']);
  const { timestamp } = (await queue.find('soon'))!;
  expect(delayed[0]!.dueAt! - timestamp).toBe(HOUR);
  expect(await queue.longestActive()).toBeUndefined();
});

it('finds a job by its id, and nothing that is none', async () => {
  expect(await queue.find('second')).toMatchObject({ id: 'second', text: '2', pickups: 0, stalls: 0 });
  for (const id of ['wait', 'meta', 'gone', '']) expect(await queue.find(id)).toBeUndefined();
  expect((await queue.read(['gone', 'first'])).map((job) => job?.id)).toEqual([undefined, 'first']);
  expect(await queue.read([])).toEqual([]);
});

it('tells where a job is', async () => {
  expect(await queue.stateOf('first')).toEqual({ state: 'waiting', dueAt: null });
  expect(await queue.stateOf('gone')).toEqual({ state: 'unknown', dueAt: null });
  expect(await queue.stateOf('soon')).toMatchObject({ state: 'delayed', dueAt: expect.any(Number) });
});

it('tells of jobs that BullMQ gave up, and strikes off those that are gone', async () => {
  const failed = bull.toKey('failed');
  await store.redis.zadd(failed, 1, 'gone', 2, 'first', 3, 'second');
  expect(ids(await queue.failed(0, 2))).toEqual(['first']);
  expect(await store.redis.zrange(failed, '0', '-1')).toEqual(['first', 'second']);
  expect(ids(await queue.failed(1, 2))).toEqual(['second']);
  await store.redis.zadd(failed, 0, 'gone', 0, 'gone-too');
  expect(ids(await queue.failed(0, 2))).toEqual(['first', 'second']);
  await store.redis.del(failed);
});

it('ends a pause and a rest', async () => {
  await bull.pause();
  await bull.rateLimit(HOUR);
  expect(await queue.isPaused()).toBe(true);
  expect(await queue.counts(0)).toMatchObject({ ready: 4, paused: true, resting: true });
  await queue.resume();
  expect(await queue.counts(0)).toMatchObject({ ready: 4, paused: false, resting: false });
});
