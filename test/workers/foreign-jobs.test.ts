import { describe, expect } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { CHANNEL, it } from '../support/scene.ts';
import { metric } from '../support/tally.ts';

const good = { v: 1, platform: 'kongregate', to: { userId: 11 }, content: 'Hello' };

/** What a foreign producer may put into the queue, and what its dead letter has to say. */
const GARBAGE: readonly [what: string, data: unknown, said: RegExp][] = [
  ['a text', 'hello', /^invalid_message: .*expected/i],
  ['a number', 42, /^invalid_message: .*expected/i],
  ['nothing', null, /^invalid_message: .*expected/i],
  ['a list', [good], /^invalid_message: .*expected/i],
  ['an empty object', {}, /^invalid_message: .*platform/],
  ['a version that is none', { ...good, v: '1' }, /^invalid_message: .*\bv\b/],
  ['a recipient of the wrong type', { ...good, to: { userId: 'x' } }, /^invalid_message: .*to\.userId/],
  ['no content', { ...good, content: 7 }, /^invalid_message: .*content/],
  ['a megabyte of content', { ...good, content: 'x'.repeat(1_000_000) }, /^invalid_message: .*content/],
  ['an unknown platform', { ...good, platform: 'pigeon' }, /^invalid_message: .*platform/],
  ['an unknown field', { ...good, surprise: true }, /^invalid_message: .*surprise/],
  ['a foreign channel', { ...good, channel: 'elsewhere' }, /^invalid_message: .*elsewhere/],
  ['the wrong addressing', { ...good, to: { username: 'ann' } }, /^invalid_message: .*username/],
  ['a placeholder without a value', { ...good, content: 'Hi {{ name }}' }, /name/],
  [
    'quotes in quotes',
    { ...good, to: { userId: 12 }, content: `${'>'.repeat(20_000)}a` },
    /^bad_request: .*block markers/,
  ],
];

describe.concurrent('jobs that no producer of ours made', () => {
  it('die one by one and say why, and the worker goes on', async ({ openScene }) => {
    const scene = await openScene();
    const ids = await Promise.all(GARBAGE.map(([, data]) => scene.addForeign(data)));
    const notJson = 'not-json';
    const key = `herald:{${CHANNEL}}:${notJson}`;
    await scene.redis.hset(key, { name: 'message', data: '{"v":1,', opts: '{}', timestamp: `${Date.now()}` });
    await scene.redis.lpush(`herald:{${CHANNEL}}:wait`, notJson);
    await scene.addForeign(good);
    const worker = await scene.worker();
    const tally = await scene.agreed(GARBAGE.length + 2, [worker]);
    expect(tally).toEqual({
      'dead/invalid_message': GARBAGE.length - 1,
      'dead/bad_request': 2,
      'delivered/sent': 1,
    });
    for (const [index, [what, , said]] of GARBAGE.entries()) {
      const { failedReason = '', stacktrace } = (await scene.queue.getJob(ids[index] ?? '')) ?? {};
      expect(failedReason, what).toMatch(said);
      expect(failedReason.length, what).toBeLessThan(500);
      expect(stacktrace?.join('').length, what).toBeLessThan(50);
    }
    expect(await scene.redis.hget(key, 'failedReason')).toMatch(/^invalid_message: /);
    expect(scene.sandbox.journal.report()).toMatchObject({ calls: 1, accepted: 1 });
  });

  it('of a newer version wait for a newer worker', async ({ openScene }) => {
    const scene = await openScene();
    await scene.addForeign({ ...good, v: 99, somethingNew: { deep: true } });
    const worker = await scene.worker();
    const deferrals = async () =>
      metric(await worker.metrics.render(), 'herald_deferrals_total', { reason: 'newer_version' });
    await eventually('the deferral', deferrals, (count) => count === 1);
    expect(await scene.queue.getJobCounts('delayed', 'failed')).toEqual({ delayed: 1, failed: 0 });
    expect(await scene.receipts()).toEqual([]);
  });

  it('with the id of another job are duplicates, and count as one message', async ({ openScene }) => {
    const scene = await openScene();
    const worker = await scene.worker();
    await Promise.all([1, 2, 3].map(() => scene.addForeign({ ...good, id: 'one' })));
    expect(await scene.agreed(1, [worker])).toEqual({ 'delivered/sent': 1 });
    await scene.addForeign({ ...good, id: 'one' });
    await scene.settled(1);
    const queued = await scene
      .send(11, { id: 'one' })
      .then(() => scene.queue.getJobCounts('waiting', 'delayed'));
    expect(queued).toEqual({ waiting: 0, delayed: 0 });
    expect(await scene.agreed(1, [worker])).toEqual({ 'delivered/sent': 1 });
    expect(scene.sandbox.journal.report().calls).toBe(1);
  });

  it('of two producers with one id are one message', async ({ openScene }) => {
    const scene = await openScene();
    const message = { platform: 'kongregate' as const, to: { userId: 11 }, content: 'Hello', id: 'same' };
    const answers = await Promise.all([scene.producer.send(message), scene.producer.send(message)]);
    expect(answers.map(({ status }) => status).sort()).toEqual(['duplicate', 'queued']);
    const worker = await scene.worker();
    expect(await scene.agreed(1, [worker])).toEqual({ 'delivered/sent': 1 });
  });

  it('may carry attempts and backoff of their own: the channel decides', async ({ openScene }) => {
    const scene = await openScene({ sandbox: { faults: [{ kind: 'reset', count: 2 }] } });
    const worker = await scene.worker();
    await scene.addForeign(good, { attempts: 1, backoff: { type: 'fixed', delay: 3_600_000 } });
    expect(await scene.agreed(1, [worker])).toEqual({ 'delivered/sent': 1 });
    expect(await scene.receipts()).toMatchObject([{ attempts: 3 }]);
  });
});

describe.concurrent('the order', () => {
  it('is by priority, and within one by age', async ({ openScene }) => {
    const scene = await openScene({ channel: { concurrency: 1 } });
    const priorities = [10, 3, 0, 3, 0, 10, 1];
    for (const [index, priority] of priorities.entries()) {
      await scene.send(101 + index * 10, { priority, content: `${priority}-${index}` });
    }
    const worker = await scene.worker();
    await scene.agreed(priorities.length, [worker]);
    const order = scene.sandbox.journal.calls().map(({ content }) => content);
    expect(order).toEqual(['0-2', '0-4', '1-6', '3-1', '3-3', '10-0', '10-5']);
  });
});
