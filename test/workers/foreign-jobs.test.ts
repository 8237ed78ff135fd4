import { describe, expect } from 'vitest';
import { readDeadLetterData, readDeadLetters } from '../../src/dead-letters/records.ts';
import { channelStore } from '../../src/redis/channel-store.ts';
import { channelKeys } from '../../src/redis/keys.ts';
import { eventually } from '../../testing/eventually.ts';
import { metric } from '../../testing/metrics-parser.ts';
import { CHANNEL, it } from '../support/environment.ts';

const BASE = channelKeys(CHANNEL).ledger;
const good = { v: 1, platform: 'kongregate', to: { userId: 11 }, content: 'Hello' };

/** What a foreign producer may put into the queue, and what its dead letter has to say. */
const GARBAGE: readonly [what: string, data: unknown, said: RegExp][] = [
  ['a text', 'hello', /expected/i],
  ['a number', 42, /expected/i],
  ['nothing', null, /expected/i],
  ['a list', [good], /expected/i],
  ['an empty object', {}, /platform/],
  ['a version that is none', { ...good, v: '1' }, /\bv\b/],
  ['a recipient of the wrong type', { ...good, to: { userId: 'x' } }, /to\.userId/],
  ['no content', { ...good, content: 7 }, /content/],
  ['a megabyte of content', { ...good, content: 'x'.repeat(1_000_000) }, /content/],
  ['an unknown platform', { ...good, platform: 'pigeon' }, /platform/],
  ['an unknown field', { ...good, surprise: true }, /surprise/],
  ['a foreign channel', { ...good, channel: 'elsewhere' }, /elsewhere/],
  ['the wrong addressing', { ...good, to: { username: 'ann' } }, /username/],
  ['a placeholder without a value', { ...good, content: 'Hi {{ name }}' }, /name/],
  [
    'quotes in quotes',
    { ...good, to: { userId: 12 }, content: `${'>'.repeat(20_000)}a` },
    /nested more than 24/,
  ],
];

describe.concurrent('jobs that no producer of ours made', () => {
  it('die one by one and say why, and the worker goes on', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const ids = await Promise.all(GARBAGE.map(([, data]) => env.addForeign(data)));
    const notJson = 'not-json';
    const key = `herald:{${CHANNEL}}:${notJson}`;
    await env.redis.hset(key, { name: 'message', data: '{"v":1,', opts: '{}', timestamp: `${Date.now()}` });
    await env.redis.lpush(`herald:{${CHANNEL}}:wait`, notJson);
    await env.addForeign(good);
    const worker = await env.worker();
    const tally = await env.agreed(GARBAGE.length + 2, [worker]);
    expect(tally).toEqual({
      'dead/invalid_message': GARBAGE.length - 1,
      'dead/bad_request': 2,
      'delivered/sent': 1,
    });
    for (const [index, [what, , said]] of GARBAGE.entries()) {
      const [letter] = await readDeadLetters(channelStore(env.redis, CHANNEL), [ids[index] ?? '']);
      expect(letter?.detail, what).toMatch(said);
      expect(letter?.detail.length, what).toBeLessThan(500);
    }
    const [letter] = await readDeadLetters(channelStore(env.redis, CHANNEL), [notJson]);
    expect(letter).toMatchObject({ reason: 'invalid_message', detail: 'data: not JSON' });
    expect(await readDeadLetterData(channelStore(env.redis, CHANNEL), notJson)).toBe('{"v":1,');
    expect(await env.queue.getFailedCount()).toBe(0);
    expect(env.sandbox.journal.report()).toMatchObject({ calls: 1, accepted: 1 });
  });

  it.for([1.78e16, 1.8e18, 1e300])(
    'die where their timestamp is %d, which is no instant',
    async (timestamp, { openEnvironment, expect }) => {
      const env = await openEnvironment();
      const worker = await env.worker();
      // The second is picked up as the first ends.
      const ids = [await env.addForeign(good, { timestamp }), await env.addForeign(good, { timestamp })];
      expect(await env.agreed(2, [worker])).toEqual({ 'dead/invalid_message': 2 });
      expect(await readDeadLetters(channelStore(env.redis, CHANNEL), ids)).toMatchObject([
        { detail: 'timestamp: the job has no valid one' },
        { detail: 'timestamp: the job has no valid one' },
      ]);
    },
  );

  it('of a newer version wait for a newer worker', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    await env.addForeign({ ...good, v: 99, somethingNew: { deep: true } });
    const worker = await env.worker();
    const deferrals = async () =>
      metric(await worker.metrics(), 'herald_deferrals_total', { reason: 'newer_version' });
    await eventually('the deferral', deferrals, (count) => count === 1);
    expect(await env.queue.getJobCounts('delayed', 'failed')).toEqual({ delayed: 1, failed: 0 });
    expect(await env.receipts()).toEqual([]);
  });

  it('with the id of another job are duplicates, and count as one message', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const worker = await env.worker();
    await Promise.all([1, 2, 3].map(() => env.addForeign({ ...good, id: 'one' })));
    expect(await env.agreed(1, [worker])).toEqual({ 'delivered/sent': 1 });
    await env.addForeign({ ...good, id: 'one' });
    await env.settled(1);
    const queued = await env.send(11, { id: 'one' }).then(() => env.queue.getJobCounts('waiting', 'delayed'));
    expect(queued).toEqual({ waiting: 0, delayed: 0 });
    expect(await env.agreed(1, [worker])).toEqual({ 'delivered/sent': 1 });
    expect(env.sandbox.journal.report().calls).toBe(1);
  });

  it('of two producers with one id are one message', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const message = { platform: 'kongregate' as const, to: { userId: 11 }, content: 'Hello', id: 'same' };
    const answers = await Promise.all([env.producer.send(message), env.producer.send(message)]);
    expect(answers.map(({ status }) => status).sort()).toEqual(['duplicate', 'queued']);
    const worker = await env.worker();
    expect(await env.agreed(1, [worker])).toEqual({ 'delivered/sent': 1 });
  });

  it('may carry attempts and backoff of their own: the channel decides', async ({ openEnvironment }) => {
    const env = await openEnvironment({ sandbox: { faults: [{ kind: 'reset', count: 2 }] } });
    const worker = await env.worker();
    await env.addForeign(good, { attempts: 1, backoff: { type: 'fixed', delay: 3_600_000 } });
    expect(await env.agreed(1, [worker])).toEqual({ 'delivered/sent': 1 });
    expect(await env.receipts()).toMatchObject([{ attempts: 3 }]);
  });
});

/** What may stand in a foreign job's hash, and must decide nothing. */
const FIELDS: readonly Record<string, string>[] = [
  { opts: '{"removeOnFail":{"count":1},"removeOnComplete":{"count":5}}' },
  { opts: '{"removeOnFail":{"age":2}}' },
  { opts: '{"removeOnFail":true}' },
  { opts: '{"removeOnComplete":false,"attempts":9,"backoff":{"type":"fixed","delay":3600000}}' },
  { opts: '{' },
  { opts: 'null' },
  { progress: '{"half' },
  { parent: '{"id":', parentKey: 'nobody:1' },
  { parentKey: 'nobody:1', parent: '{"id":"1","queueKey":"nobody"}' },
  { rjk: 'daily', opts: '{"repeat":{"every":1}}' },
  { rjk: 'a:b:c:d:e' },
  { defa: 'to be failed at once' },
  { stc: 'often', atm: 'never', ats: '1.5' },
  { priority: 'nan' },
  { returnvalue: '{', stacktrace: '{', finishedOn: 'x', processedOn: 'y', delay: 'z' },
];

describe.concurrent('what else a foreign job brings along', () => {
  it('decides nothing: the good arrive, the others are letters, and no other letter goes', async ({
    openEnvironment,
  }) => {
    const env = await openEnvironment();
    const worker = await env.worker();
    for (let i = 0; i < 50; i += 1) await env.addForeign('garbage');
    await env.settled(50);
    await env.queue.pause();
    for (const [i, fields] of FIELDS.entries()) {
      const sound = await env.addForeign({ ...good, to: { userId: 101 + 10 * i } });
      const invalid = await env.addForeign('garbage');
      for (const id of [sound, invalid]) await env.redis.hset(env.queue.toKey(id), fields);
    }
    await env.queue.resume();
    // Well before a job that stalls would come back.
    expect(await env.settled(50 + 2 * FIELDS.length, { withinMs: 10_000 })).toEqual({
      'dead/invalid_message': 50 + FIELDS.length,
      'delivered/sent': FIELDS.length,
    });
    expect(await env.redis.hlen(`${BASE}:letters`)).toBe(50 + FIELDS.length);
    expect(await env.queue.getJobCounts('failed', 'completed')).toEqual({ failed: 0, completed: 0 });
    expect(worker.log()).not.toContain('left to stall');
  });

  it('takes no other delayed job along that is due', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const ids = await Promise.all(
      [11, 12, 13].map((userId) => env.addForeign({ ...good, to: { userId } }, { delay: 3_600_000 })),
    );
    await env.redis.hset(env.queue.toKey(ids[1] ?? ''), { priority: 'nan' });
    for (const id of ids) await env.redis.zadd(env.queue.toKey('delayed'), 0, id);
    const worker = await env.worker();
    expect(await env.agreed(3, [worker])).toEqual({ 'delivered/sent': 3 });
  });

  it('is not waited for: children that never ended', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const id = await env.addForeign(good);
    await env.redis.sadd(`${env.queue.toKey(id)}:dependencies`, 'elsewhere:1');
    await env.redis.zadd(`${env.queue.toKey(id)}:unsuccessful`, 1, 'elsewhere:2');
    const worker = await env.worker();
    expect(await env.agreed(1, [worker])).toEqual({ 'delivered/sent': 1 });
    expect(worker.log()).not.toContain('left to stall');
  });
});

describe.concurrent('the order', () => {
  it('is by priority, and within one by age', async ({ openEnvironment }) => {
    const env = await openEnvironment({ channel: { concurrency: 1 } });
    const priorities = [10, 3, 0, 3, 0, 10, 1];
    for (const [index, priority] of priorities.entries()) {
      await env.send(101 + index * 10, { priority, content: `${priority}-${index}` });
    }
    const worker = await env.worker();
    await env.agreed(priorities.length, [worker]);
    const order = env.sandbox.journal.calls().map(({ content }) => content);
    expect(order).toEqual(['0-2', '0-4', '1-6', '3-1', '3-3', '10-0', '10-5']);
  });
});
