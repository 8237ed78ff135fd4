import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { channelOf } from '../../chaos/channels.ts';
import { openForeignProducer } from '../../chaos/foreign.ts';
import { whatIsLeft } from '../../chaos/left.ts';
import { keepUndone } from '../../chaos/undone.ts';
import { systemClock } from '../../src/clock.ts';
import { channelKey } from '../../src/redis/keys.ts';
import { type RedisServer, startRedis } from '../../src/sandbox/index.ts';
import { eventually } from '../../testing/eventually.ts';

/** A run whose own fault goes on for good never ends, and proves nothing. */

const STAFF = channelOf('staff');

let server: RedisServer;
let redis: Redis;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url, { replyMapping: 'legacy' });
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

it('resumes a queue again whose resume was forgotten, and says how long it was paused', async () => {
  const foreign = openForeignProducer({
    connect: () => new Redis(server.url, { maxRetriesPerRequest: null, replyMapping: 'legacy' }),
  });
  const undone = keepUndone(systemClock);
  const away: { from: number; to: number }[] = [];
  const startedAt = systemClock.now();
  try {
    await foreign.add(STAFF, { v: 1 });
    await foreign.pause(STAFF);
    expect(await whatIsLeft({ of: () => redis }, systemClock.now())).toEqual([
      'staff: 1 wait, its queue is paused',
    ]);
    await foreign.resume(STAFF);
    undone.keep({
      holds: async () => !(await foreign.isPaused(STAFF)),
      again: () => foreign.resume(STAFF),
      onAgain: (from, to) => void away.push({ from, to }),
    });
    for (let times = 1; times <= 2; times += 1) {
      // What a replica has that got the pause and not the resume.
      await foreign.pause(STAFF);
      await eventually('the queue to be resumed', async () => !(await foreign.isPaused(STAFF)));
      await eventually('the pause to be told', () => away.length >= times);
    }
    expect(away[0]!.from).toBeGreaterThanOrEqual(startedAt);
    expect(away[0]!.to).toBeGreaterThanOrEqual(away[0]!.from);
    expect(await whatIsLeft({ of: () => redis }, systemClock.now())).toEqual(['staff: 1 wait']);
  } finally {
    undone.stop();
    await foreign.close();
  }
});

it('looks again when the store could not be asked, and leaves alone what holds', async () => {
  const looks: (boolean | Error)[] = [new Error('away'), true, false, true, true];
  const undone = keepUndone({ now: () => looked });
  let looked = 0;
  let repeated = 0;
  const spans: number[][] = [];
  try {
    undone.keep({
      async holds() {
        const seen = looks[looked] ?? true;
        looked += 1;
        if (seen instanceof Error) throw seen;
        return seen;
      },
      async again() {
        repeated += 1;
      },
      onAgain: (...span) => void spans.push(span),
    });
    await eventually('all looks', () => looked > looks.length);
    expect(repeated).toBe(1);
    // From the look at which it held last.
    expect(spans).toEqual([[1, 3]]);
  } finally {
    undone.stop();
  }
});

it('says what delayed jobs wait for', async () => {
  await redis.del(`${channelKey('staff')}:wait`);
  const now = 1_800_000_000_000;
  await redis.zadd(`${channelKey('forum')}:delayed`, (now + 40_000) * 4_096 + 7, 'a');
  await redis.rpush(`${channelKey('forum')}:active`, 'b', 'c');
  expect(await whatIsLeft({ of: () => redis }, now)).toEqual([
    'forum: 2 active, 1 delayed, the first of the delayed in 40 s',
  ]);
});
