import { type Job, type Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { guardScripts } from '../../src/jobs/guarded-scripts.ts';
import { openQueue } from '../../src/jobs/open-queue.ts';
import { PREFIX, queueName } from '../../src/redis/keys.ts';
import { useStore } from '../ledger/harness.ts';

const store = useStore();
let channels = 0;
let connection: Redis;
let queue: Queue;
let worker: Worker;

beforeEach(async () => {
  connection = store.redis.duplicate({ maxRetriesPerRequest: null });
  guardScripts(connection);
  ({ queue, worker } = await open());
});
afterEach(async () => {
  await queue.close();
  await worker.close();
  connection.disconnect();
});

/** A queue of its own on the connection, as a channel worker opens it. */
async function open(): Promise<{ queue: Queue; worker: Worker }> {
  const channel = `finishes-${++channels}`;
  const opened = openQueue(connection, channel);
  const own = new Worker(queueName(channel), null, {
    connection,
    prefix: PREFIX,
    autorun: false,
    removeOnComplete: { count: 0 },
  });
  await own.waitUntilReady();
  return { queue: opened, worker: own };
}

/** Adds jobs of these ids, and picks them up. */
async function pickUp(ids: readonly string[], from = { queue, worker }): Promise<Job[]> {
  await from.queue.addBulk(ids.map((jobId) => ({ name: 'message', data: {}, opts: { jobId } })));
  const jobs: Job[] = [];
  for (const id of ids) jobs.push((await from.worker.getNextJob(tokenOf({ id }))) as Job);
  return jobs;
}

/** Each job has a lock of its own. */
const tokenOf = ({ id }: Pick<Job, 'id'>): string => `token of ${id}`;

const complete = (job: Job, fetchNext = false): Promise<unknown> =>
  job.moveToCompleted(undefined, tokenOf(job), fetchNext);

const ends = async (finishing: readonly Promise<unknown>[]): Promise<string[]> =>
  (await Promise.allSettled(finishing)).map((end) =>
    end.status === 'fulfilled' ? 'finished' : String(end.reason),
  );

async function scriptCalls(): Promise<number> {
  const stats = await store.redis.info('commandstats');
  return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1]);
}

const left = (): Promise<string[]> => store.redis.keys(`${queue.toKey('job')}*`);

it('finishes the jobs of one turn by one script call', async () => {
  const jobs = await pickUp(['job-1', 'job-2', 'job-3', 'job-4', 'job-5']);
  await complete(jobs.pop()!);
  const before = await scriptCalls();
  expect(await ends(jobs.map((job) => complete(job)))).toEqual(Array(4).fill('finished'));
  expect((await scriptCalls()) - before).toBe(1);
  expect(await left()).toEqual([]);
  expect(await queue.getJobCounts()).toMatchObject({ active: 0, completed: 0, failed: 0 });
});

it('fails only the job whose lock is lost or another worker’s, or whose keys cannot be read', async () => {
  const jobs = await pickUp(['job-1', 'job-2', 'job-3', 'job-4', 'job-5']);
  await store.redis.set(queue.toKey('job-4:lock'), 'token of another');
  await store.redis.del(queue.toKey('job-2:lock'));
  await store.redis.del(queue.toKey('job-3:lock'));
  await store.redis.lpush(queue.toKey('job-3:lock'), 'no text');
  expect(await ends(jobs.map((job) => complete(job)))).toEqual([
    'finished',
    expect.stringContaining('Missing lock for job job-2'),
    expect.stringContaining('WRONGTYPE'),
    expect.stringContaining('job-4'),
    'finished',
  ]);
  expect((await queue.getActive()).map(({ id }) => id).toSorted()).toEqual(['job-2', 'job-3', 'job-4']);
});

it('picks up another job in place of each that wants one', async () => {
  const jobs = await pickUp(['job-1', 'job-2', 'job-3']);
  await queue.addBulk(['next-1', 'next-2'].map((jobId) => ({ name: 'message', data: {}, opts: { jobId } })));
  const answers = await Promise.all(jobs.map((job, i) => complete(job, i > 0)));
  expect(answers.map((answer) => (Array.isArray(answer) ? answer[1] : answer))).toEqual([
    undefined,
    'next-1',
    'next-2',
  ]);
  const locks = await store.redis.mget(queue.toKey('next-1:lock'), queue.toKey('next-2:lock'));
  expect(locks).toEqual(['token of job-2', 'token of job-3']);
});

it('tells the connection of a store that has become a replica', async () => {
  const told: string[] = [];
  connection.options.reconnectOnError = ({ message }) => {
    told.push(message);
    return false;
  };
  const jobs = await pickUp(['job-1', 'job-2']);
  await store.redis.replicaof('127.0.0.1', 1);
  try {
    expect(await ends(jobs.map((job) => complete(job)))).toEqual(
      Array(2).fill(expect.stringContaining('READONLY')),
    );
    expect(told).toEqual([expect.stringMatching(/^READONLY /)]);
  } finally {
    await store.redis.replicaof('NO', 'ONE');
  }
});

it('keeps what a job that failed is to keep', async () => {
  const jobs = await pickUp(['job-1', 'job-2']);
  expect(
    await ends([complete(jobs[0]!), jobs[1]!.moveToFailed(new Error('no luck'), tokenOf(jobs[1]!))]),
  ).toEqual(['finished', 'finished']);
  expect((await queue.getFailed()).map(({ id, failedReason }) => [id, failedReason])).toEqual([
    ['job-2', 'no luck'],
  ]);
});

it('keeps the queues of a connection apart', async () => {
  const other = await open();
  try {
    const jobs = [...(await pickUp(['job-1', 'job-2'])), ...(await pickUp(['job-1', 'job-3'], other))];
    expect(await ends(jobs.map((job) => complete(job)))).toEqual(Array(4).fill('finished'));
    expect([await queue.getActiveCount(), await other.queue.getActiveCount()]).toEqual([0, 0]);
  } finally {
    await other.queue.close();
    await other.worker.close();
  }
});
