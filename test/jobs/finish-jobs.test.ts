import { type Job, type Queue, Worker } from 'bullmq';
import fc from 'fast-check';
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFinishJob, type FinishJob, type Following } from '../../src/jobs/finish-jobs.ts';
import { guardScripts } from '../../src/jobs/guarded-scripts.ts';
import { openQueue } from '../../src/jobs/open-queue.ts';
import { PREFIX, queueName } from '../../src/redis/keys.ts';
import { useStore } from '../ledger/harness.ts';
import { redisContents } from '../support/redis-contents.ts';

const LOCK_MS = 30_000;
const LIMIT = 1_000_000_000;

const store = useStore();
let channels = 0;
/** BullMQ's scripts as they are. */
let plain: Redis;
let guarded: Redis;
let opened: Place[] = [];

/** A queue, a worker that picks up by BullMQ's own scripts, and what finishes its jobs by Herald's. */
interface Place {
  queue: Queue;
  worker: Worker;
  finish: FinishJob;
}

beforeEach(() => {
  plain = store.redis.duplicate({ maxRetriesPerRequest: null });
  guarded = store.redis.duplicate({ maxRetriesPerRequest: null });
  guardScripts(guarded);
});
afterEach(async () => {
  await close();
  plain.disconnect();
  guarded.disconnect();
});

async function close(): Promise<void> {
  for (const { queue, worker } of opened) await Promise.all([queue.close(), worker.close()]);
  opened = [];
}

async function open(): Promise<Place> {
  const channel = `finishes-${++channels}`;
  const queue = openQueue(plain, channel);
  const options = { connection: plain, prefix: PREFIX, autorun: false, lockDuration: LOCK_MS };
  const limiter = { max: LIMIT, duration: 1_000 };
  const worker = new Worker(queueName(channel), null, {
    ...options,
    limiter,
    removeOnComplete: { count: 0 },
  });
  await worker.waitUntilReady();
  const toKey = (name: string): string => queue.toKey(name);
  const place = {
    queue,
    worker,
    finish: createFinishJob(guarded, { toKey, lockMs: LOCK_MS, limit: LIMIT }),
  };
  opened.push(place);
  return place;
}

/** Each job has a lock of its own. */
const tokenOf = (id: string): string => `token of ${id}`;

const add = (queue: Queue, ids: readonly string[]): Promise<unknown> =>
  queue.addBulk(ids.map((jobId) => ({ name: 'message', data: {}, opts: { jobId } })));

async function pickUp({ worker }: Place, jobs: number): Promise<Job[]> {
  const picked: Job[] = [];
  for (let i = 0; i < jobs; i++) {
    const job = (await worker.getNextJob(tokenOf(`${i}`), { block: false })) as Job | undefined;
    if (job) picked.push(job);
  }
  return picked;
}

const endOf = ({ id = '', token = '' }: Job, takesNext = false) => ({ id, token, takesNext });

const ends = async (finishing: readonly Promise<unknown>[]): Promise<unknown[]> =>
  (await Promise.allSettled(finishing)).map((end) =>
    end.status === 'fulfilled' ? (end.value as Following).kind : String(end.reason),
  );

async function scriptCalls(): Promise<number> {
  const stats = await store.redis.info('commandstats');
  return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1]);
}

/** Of all keys but the two counters that only limit and order what is added later. */
async function contentsOf(queue: Queue): Promise<[string, string][]> {
  const contents: [string, string][] = [];
  for (const [name, value] of await redisContents(store.redis)) {
    if (!name.startsWith(queue.toKey('')) || /:(?:limiter|pc) /.test(name)) continue;
    const own = name.slice(queue.toKey('').length);
    if (/ (?:processedOn|timestamp|atm)$/.test(own)) continue;
    contents.push([own, value.replaceAll(/"\d+-\d+"|\d{13,}/g, '')]);
  }
  return contents.toSorted(([a], [b]) => (a < b ? -1 : 1));
}

it('finishes the jobs of one turn by one script call', async () => {
  const place = await open();
  await add(place.queue, ['job-1', 'job-2', 'job-3', 'job-4', 'job-5']);
  const jobs = await pickUp(place, 5);
  await place.finish(endOf(jobs.pop()!));
  const before = await scriptCalls();
  expect(await ends(jobs.map((job) => place.finish(endOf(job))))).toEqual(Array(4).fill('nothing'));
  expect((await scriptCalls()) - before).toBe(1);
  expect(await store.redis.keys(`${place.queue.toKey('job')}*`)).toEqual([]);
});

it('fails only the job whose lock is lost or another worker’s, or whose keys cannot be read', async () => {
  const place = await open();
  const { queue } = place;
  await add(queue, ['job-1', 'job-2', 'job-3', 'job-4', 'job-5']);
  const jobs = await pickUp(place, 5);
  await store.redis.set(queue.toKey('job-4:lock'), 'token of another');
  await store.redis.del(queue.toKey('job-2:lock'));
  await store.redis.del(queue.toKey('job-3:lock'));
  await store.redis.lpush(queue.toKey('job-3:lock'), 'no text');
  expect(await ends(jobs.map((job) => place.finish(endOf(job))))).toEqual([
    'nothing',
    'Error: Missing lock for job job-2',
    expect.stringContaining('WRONGTYPE'),
    'Error: Another worker has the lock for job job-4',
    'nothing',
  ]);
  expect((await queue.getActive()).map(({ id }) => id).toSorted()).toEqual(['job-2', 'job-3', 'job-4']);
});

it('answers again what it has answered, where the answer was lost', async () => {
  const place = await open();
  await add(place.queue, ['job-1', 'job-2', 'job-3', 'job-4', 'job-5']);
  const jobs = await pickUp(place, 2);
  const call = () => Promise.all(jobs.map((job) => place.finish(endOf(job, true))));
  const first = await call();
  expect(first).toMatchObject([
    { kind: 'next', id: 'job-3' },
    { kind: 'next', id: 'job-4' },
  ]);
  expect(await call()).toEqual(first);
  expect(await store.redis.lrange(place.queue.toKey('wait'), 0, -1)).toEqual(['job-5']);
});

it('tells the connection of a store that has become a replica', async () => {
  const place = await open();
  const told: string[] = [];
  guarded.options.reconnectOnError = ({ message }) => {
    told.push(message);
    return false;
  };
  await add(place.queue, ['job-1', 'job-2']);
  const jobs = await pickUp(place, 2);
  await store.redis.replicaof('127.0.0.1', 1);
  try {
    expect(await ends(jobs.map((job) => place.finish(endOf(job))))).toEqual(
      Array(2).fill(expect.stringContaining('READONLY')),
    );
    expect(told).toEqual([expect.stringMatching(/^READONLY /)]);
  } finally {
    await store.redis.replicaof('NO', 'ONE');
  }
});

it('keeps the queues of a connection apart', async () => {
  const places = [await open(), await open()];
  const finishing: Promise<unknown>[] = [];
  for (const place of places) {
    await add(place.queue, ['job-1', 'job-2']);
    for (const job of await pickUp(place, 2)) finishing.push(place.finish(endOf(job)));
  }
  expect(await ends(finishing)).toEqual(Array(4).fill('nothing'));
  for (const { queue } of places) expect(await queue.getActiveCount()).toBe(0);
});

describe('leaves to BullMQ’s scripts', () => {
  it('a job with a deduplication id', async () => {
    const place = await open();
    await place.queue.add('message', {}, { jobId: 'job-1', deduplication: { id: 'one' } });
    const [job] = await pickUp(place, 1);
    const before = await contentsOf(place.queue);
    expect(await place.finish(endOf(job!))).toEqual({ kind: 'unusual' });
    expect(await contentsOf(place.queue)).toEqual(before);
  });

  it.each<[string, (queue: Queue) => Promise<unknown>]>([
    ['is paused', (queue) => queue.pause()],
    ['rests', (queue) => queue.rateLimit(60_000)],
    ['has a rate', (queue) => queue.setGlobalRateLimit(1, 60_000)],
    ['has a concurrency', (queue) => queue.setGlobalConcurrency(9)],
  ])('a pickup from a queue that %s', async (_, change) => {
    const place = await open();
    await add(place.queue, ['job-1', 'job-2']);
    const [job] = await pickUp(place, 1);
    await change(place.queue);
    expect(await place.finish(endOf(job!, true))).toEqual({ kind: 'ask' });
    expect(await store.redis.lrange(place.queue.toKey('wait'), 0, -1)).toEqual(['job-2']);
    expect(await store.redis.exists(place.queue.toKey('job-1'))).toBe(0);
  });
});

describe('leaves the queue as BullMQ’s script does', () => {
  const added = fc.record({
    priority: fc.constantFrom(0, 0, 0, 1, 5),
    lifo: fc.boolean(),
    delayed: fc.constantFrom('no', 'no', 'later', 'due'),
  });
  const end = fc.record({
    takesNext: fc.boolean(),
    before: fc.constantFrom(
      'as it is',
      'as it is',
      'as it is',
      'lost',
      'taken',
      'gone',
      'inactive',
      'logged',
    ),
  });

  it('whatever it holds, and whichever jobs end', async () => {
    const scene = fc.tuple(fc.array(added, { maxLength: 12 }), fc.array(end, { maxLength: 6 }));
    await fc.assert(
      fc.asyncProperty(scene, async ([jobs, endings]) => {
        const [theirs, ours] = [await open(), await open()];
        const outcomes: unknown[][] = [];
        for (const place of [theirs, ours]) {
          for (const [i, { priority, lifo, delayed }] of jobs.entries())
            await place.queue.add('message', `${i}`, {
              jobId: `job-${i}`,
              ...(lifo && delayed === 'no' ? { lifo } : { priority }),
              ...(delayed !== 'no' && { delay: 3_600_000 }),
            });
          const picked = await pickUp(place, endings.length);
          for (const [i, { delayed }] of jobs.entries())
            if (delayed === 'due')
              await store.redis.zadd(place.queue.toKey('delayed'), 'XX', i + 1, `job-${i}`);
          // Another worker has taken the marker, and checked for stalled jobs.
          await store.redis.del(place.queue.toKey('marker'));
          if (picked.length > 0)
            await store.redis.sadd(place.queue.toKey('stalled'), ...picked.map(({ id }) => id!));
          const ending: [Job, boolean][] = [];
          for (const [i, job] of picked.entries()) {
            await spoil(place.queue, job.id!, endings[i]!.before);
            ending.push([job, endings[i]!.takesNext]);
          }
          outcomes.push(await (place === ours ? byOurs(place, ending) : byTheirs(ending)));
        }
        expect(outcomes[1]).toEqual(outcomes[0]);
        expect(await contentsOf(ours.queue)).toEqual(await contentsOf(theirs.queue));
        await close();
        await store.redis.flushall();
      }),
      { numRuns: 60 },
    );
  });

  async function spoil(queue: Queue, id: string, how: string): Promise<void> {
    if (how === 'lost') await store.redis.del(queue.toKey(`${id}:lock`));
    if (how === 'taken') await store.redis.set(queue.toKey(`${id}:lock`), 'of another');
    if (how === 'gone') await store.redis.del(queue.toKey(id));
    if (how === 'inactive') await store.redis.lrem(queue.toKey('active'), 1, id);
    if (how === 'logged') await store.redis.rpush(queue.toKey(`${id}:logs`), 'a line');
  }

  async function byTheirs(ending: readonly [Job, boolean][]): Promise<unknown[]> {
    const outcomes: unknown[] = [];
    for (const [job, takesNext] of ending) {
      const next = await job.moveToCompleted(undefined as never, job.token!, takesNext).catch(() => 'failed');
      outcomes.push(Array.isArray(next) ? next[1] || 'none' : (next ?? 'none'));
    }
    return outcomes;
  }

  const byOurs = (place: Place, ending: readonly [Job, boolean][]): Promise<unknown[]> =>
    Promise.all(
      ending.map(([job, takesNext]) =>
        place.finish(endOf(job, takesNext)).then(
          (next) => (next.kind === 'next' ? next.id : 'none'),
          () => 'failed',
        ),
      ),
    );
});
