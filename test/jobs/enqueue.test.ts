import { beforeEach, describe, expect, it } from 'vitest';
import { enqueueJob, type NewJob } from '../../src/jobs/enqueue.ts';
import { entryId, newJobId } from '../../src/jobs/job-ids.ts';
import { recountJob } from '../../src/jobs/leave.ts';
import { readChannelState } from '../../src/ledger/channel-state.ts';
import { jobKey, messageKey } from '../../src/ledger/names.ts';
import type { LedgerMessage } from '../../src/ledger/types.ts';
import { DAY, EXHAUSTED, HOUR, type Lab, openLab, useStore } from '../ledger/harness.ts';

const store = useStore();
let lab: Lab;
beforeEach(async () => {
  lab = await openLab(store, { attempts: 1, quota: false });
});

const message = (id: string, expiresAt?: number) => ({ id, text: `{"id":"${id}"}`, expiresAt });

function job(ids: readonly string[], more: Partial<NewJob> = {}): NewJob {
  const messages = ids.map((id) => message(id));
  return { jobId: newJobId(ids.length), priority: 0, dueAt: undefined, messages, ...more };
}

const enqueue = async (added: NewJob, dryRun?: boolean): Promise<boolean[]> =>
  (await enqueueJob(lab.store, added, dryRun)) ?? expect.unreachable('the store takes no messages');

/** The message of an enqueued job, as its worker would read it. */
const enqueued = ({ jobId }: NewJob, id: string, position?: number): LedgerMessage =>
  lab.message({ id, jobId: position === undefined ? jobId : entryId(jobId, position) });

const queueKey = (key: string): string => `${lab.base.slice(0, -'ledger'.length)}${key}`;
const waiting = () => store.redis.lrange(queueKey('wait'), 0, -1);
const prioritized = () => store.redis.zrange(queueKey('prioritized'), '0', '-1');
const dataOf = async (jobId: string) =>
  JSON.parse((await store.redis.hget(queueKey(jobId), 'data')) ?? 'null');
const recordOf = async (id: string) => (await lab.explain(lab.message({ id }))).record;

describe('a job', () => {
  it('of one message is that of the wire contract', async () => {
    const one = job(['a']);
    const before = await store.now();
    expect(await enqueue(one)).toEqual([true]);
    expect(await waiting()).toEqual([one.jobId]);
    const fields = await store.redis.hgetall(queueKey(one.jobId));
    expect(fields).toMatchObject({
      name: 'message',
      data: '{"v":1,"id":"a"}',
      opts: '{}',
      delay: '0',
      priority: '0',
    });
    expect(Number(fields['timestamp'])).toBeGreaterThanOrEqual(before);
  });

  it('of several has them in their order', async () => {
    const three = job(['a', 'b', 'c'], { priority: 2 });
    expect(await enqueue(three)).toEqual([true, true, true]);
    expect(await store.redis.hget(queueKey(three.jobId), 'name')).toBe('messages');
    expect(await dataOf(three.jobId)).toEqual({ v: 1, messages: [{ id: 'a' }, { id: 'b' }, { id: 'c' }] });
    expect(await waiting()).toEqual([]);
    expect(await prioritized()).toEqual([three.jobId]);
  });

  it('of one message precedes those of many of its priority', async () => {
    const [many, one, less] = [
      job(['a', 'b'], { priority: 1 }),
      job(['c'], { priority: 1 }),
      job(['d'], { priority: 2 }),
    ];
    for (const each of [less, many, one]) await enqueue(each);
    expect(await prioritized()).toEqual([one.jobId, many.jobId, less.jobId]);
  });

  it('for an instant to come is delayed', async () => {
    const later = job(['a', 'b'], { dueAt: (await store.now()) + HOUR });
    expect(await enqueue(later)).toEqual([true, true]);
    expect(await store.redis.zrange(queueKey('delayed'), '0', '-1')).toEqual([later.jobId]);
    expect(await waiting()).toEqual([]);
  });

  it('leaves out what is a duplicate, and is none if all are', async () => {
    await enqueue(job(['b']));
    const three = job(['a', 'b', 'c', 'a']);
    expect(await enqueue(three)).toEqual([true, false, true, false]);
    expect(await dataOf(three.jobId)).toEqual({ v: 1, messages: [{ id: 'a' }, { id: 'c' }] });
    const again = job(['c', 'b']);
    expect(await enqueue(again)).toEqual([false, false]);
    expect(await dataOf(again.jobId)).toBeNull();
    const single = job(['a', 'd']);
    expect(await enqueue(single)).toEqual([false, true]);
    expect(await store.redis.hget(queueKey(single.jobId), 'name')).toBe('message');
    expect(await dataOf(single.jobId)).toEqual({ v: 1, id: 'd' });
  });
});

it('keeps each text as it is, whichever of a job are duplicates', async () => {
  const told = ['a', 'ä€', '🎲', '"}{,', 'z'].map((content, i) => {
    const id = `t${i}`;
    return { id, text: JSON.stringify({ content, id }), expiresAt: undefined };
  });
  const parsed = (positions: number[]) => positions.map((i) => JSON.parse(told[i]!.text));
  await enqueue(job([], { messages: [told[0]!, told[3]!] }));
  const rest = job([], { messages: told });
  expect(await enqueue(rest)).toEqual([false, true, true, false, true]);
  expect(await dataOf(rest.jobId)).toEqual({ v: 1, messages: parsed([1, 2, 4]) });
  const last = job([], { messages: [told[2]!, { ...told[1]!, id: 'other' }] });
  expect(await enqueue(last)).toEqual([false, true]);
  expect(await dataOf(last.jobId)).toEqual({ v: 1, ...parsed([1])[0] });
});

describe('a second message of an id', () => {
  const again = async (id = 'a') => (await enqueue(job([id])))[0];

  it('is a duplicate until a day after the end of the first', async () => {
    const first = job(['a']);
    await enqueue(first);
    expect(await again()).toBe(false);
    const own = enqueued(first, 'a');
    const grant = await lab.grant(own);
    expect(await again()).toBe(false);
    await lab.deliver(own, grant);
    await lab.elapse(DAY - HOUR);
    expect(await again()).toBe(false);
    await lab.elapse(HOUR);
    expect(await again()).toBe(true);
    expect(await recordOf('a')).toMatchObject({ state: 'e', run: 1 });
  });

  it('is a duplicate while the first waits for a retry, or its send is in doubt', async () => {
    lab = await openLab(store, { quota: false });
    for (const effect of ['spent', 'doubt'] as const) {
      const first = job([effect]);
      await enqueue(first);
      const own = enqueued(first, effect);
      await lab.settle(own, await lab.grant(own), effect);
      expect(await again(effect)).toBe(false);
    }
  });

  it('is a duplicate for the life of the first though nobody picks it up, and no longer', async () => {
    const expiresAt = (await store.now()) + HOUR;
    await enqueue(job([], { messages: [message('a', expiresAt), message('b')] }));
    await lab.elapse(DAY);
    expect([await again('a'), await again('b')]).toEqual([false, false]);
    await lab.elapse(HOUR);
    expect([await again('a'), await again('b')]).toEqual([true, false]);
    await lab.elapse(7 * DAY);
    expect(await again('b')).toBe(true);
  });

  it('is told by admission where the first came without a record', async () => {
    const foreign = lab.message({ id: 'a', jobId: 'foreign' });
    const grant = await lab.grant(foreign);
    const ours = job(['a']);
    expect(await enqueue(ours)).toEqual([true]);
    expect(await again()).toBe(false);
    await lab.deliver(foreign, grant);
    expect(await lab.verdict(enqueued(ours, 'a'))).toMatchObject({ kind: 'duplicate' });
  });

  it('is enqueued where a record was restored to a store that had lost its job', async () => {
    const lost = lab.message({ id: 'a' });
    await lab.settle(lost, await lab.grant(lost), 'spent');
    expect(await again()).toBe(true);
    expect(await waiting()).toHaveLength(1);
  });

  it('keeps what is known of a send under way', async () => {
    const foreign = lab.message({ id: 'a', jobId: 'foreign' });
    const grant = await lab.grant(foreign);
    const { record: before } = await lab.explain(foreign);
    await enqueue(job(['a']));
    const { record: after } = await lab.explain(foreign);
    expect(after).toMatchObject({
      ...{ ...before, job: expect.any(String), expires: expect.any(Number), stored: expect.any(Number) },
    });
    expect(after!['job']).not.toBe(before!['job']);
    expect(await lab.deliver(foreign, grant)).toMatchObject({ status: 'first' });
  });

  it('does not take the proof from an answer that comes after the deadline', async () => {
    const foreign = lab.message({ id: 'a', jobId: 'foreign' });
    const grant = await lab.grant(foreign);
    await lab.elapse(HOUR);
    await enqueue(job(['a']));
    expect(await lab.settle(foreign, grant, 'spent')).toMatchObject({ status: 'open' });
    expect((await recordOf('a'))!['doubt_at']).toBe(0);
  });
});

describe('a call that is repeated, because its answer was lost', () => {
  async function repeated(added: NewJob, expected: boolean[]): Promise<void> {
    const [lists, records] = [
      await waiting(),
      await Promise.all(added.messages.map(({ id }) => recordOf(id))),
    ];
    expect(await enqueue(added)).toEqual(expected);
    expect(await waiting()).toEqual(lists);
    const now = await Promise.all(added.messages.map(({ id }) => recordOf(id)));
    expect(now.map((record) => record?.['state'])).toEqual(records.map((record) => record?.['state']));
  }

  it.each([['one message', ['a'], ['b']] as const, ['many', ['a', 'b', 'x', 'a'], ['x']] as const])(
    'answers as the first did, and adds nothing: %s',
    async (_, ids, others) => {
      await enqueue(job(others));
      const added = job(ids);
      const first = await enqueue(added);
      expect(first).toEqual(ids.map((id, i) => id !== 'x' && i < 3));
      const position = (index: number) => (ids.length === 1 ? undefined : index);
      const own = enqueued(added, 'a', position(0));
      await repeated(added, first);
      // While a worker has the job: it is in no list that the call could find it in.
      await store.redis.del(queueKey('wait'));
      const grant = await lab.grant(own);
      await repeated(added, first);
      await lab.deliver(own, grant);
      await repeated(added, first);
      if (ids.length > 1) {
        const other = enqueued(added, 'b', position(1));
        await lab.settle(other, await lab.grant(other), 'spent', { final: EXHAUSTED });
      }
      // The worker has ended the job.
      await store.redis.del(queueKey(added.jobId));
      await repeated(added, first);
      expect(await store.redis.exists(queueKey(added.jobId))).toBe(0);
    },
  );

  it('does not claim a message that the first call refused, though its day has passed meanwhile', async () => {
    const earlier = job(['b']);
    await enqueue(earlier);
    const own = enqueued(earlier, 'b');
    await lab.deliver(own, await lab.grant(own));
    const added = job(['a', 'b']);
    expect(await enqueue(added)).toEqual([true, false]);
    await lab.elapse(DAY);
    expect(await enqueue(added)).toEqual([true, false]);
    expect(await enqueue(job(['b']))).toEqual([true]);
  });
});

describe('an enlisted record', () => {
  it('names the message by its job, and by its place in a job of many', async () => {
    const [one, three] = [job(['one']), job(['a', 'one', 'b'])];
    await enqueue(one);
    await enqueue(three);
    expect((await recordOf('one'))!['job']).toBe(jobKey(one.jobId));
    expect((await recordOf('a'))!['job']).toBe(jobKey(entryId(three.jobId, 0)));
    expect((await recordOf('b'))!['job']).toBe(jobKey(entryId(three.jobId, 1)));
    const many = job(Array.from({ length: 500 }, (_, i) => `m${i}`));
    await enqueue(many);
    for (const i of [0, 63, 64, 127, 499])
      expect((await recordOf(`m${i}`))!['job']).toBe(jobKey(entryId(many.jobId, i)));
  });

  it('takes a few bytes, and its message begins with its first admission', async () => {
    const first = job(['a']);
    await enqueue(first);
    const value = await store.redis.hgetBuffer(`${lab.base}:m:0`, messageKey('a'));
    expect(value!.length).toBe(15);
    await lab.elapse(HOUR);
    const asked = await store.now();
    const grant = await lab.grant(enqueued(first, 'a'));
    expect(grant).toMatchObject({ run: 1, attempt: 1, doubt: false });
    expect(Number(grant.born)).toBeGreaterThanOrEqual(asked);
  });

  it('keeps its job through admission, retry and doubt', async () => {
    lab = await openLab(store, { quota: false, attempts: 3 });
    const first = job(['a']);
    await enqueue(first);
    const own = enqueued(first, 'a');
    for (const effect of ['back', 'spent', 'doubt'] as const) {
      const grant = await lab.grant(own).catch(() => undefined);
      if (grant) await lab.settle(own, grant, effect);
      expect((await recordOf('a'))!['job']).toBe(own.job);
    }
  });

  it('counts from the first wait for a slot, like any other', async () => {
    const first = job(['a']);
    await enqueue(first);
    const own = enqueued(first, 'a');
    await lab.settle(own, { nonce: 'nonce---' }, 'none');
    expect(await recordOf('a')).toMatchObject({ state: 'o', job: own.job });
  });
});

it('a dry run answers and writes nothing', async () => {
  await enqueue(job(['a']));
  const keys = (await store.redis.keys(queueKey('*'))).toSorted();
  expect(await enqueue(job(['a', 'b', 'b']), true)).toEqual([false, true, true]);
  expect((await store.redis.keys(queueKey('*'))).toSorted()).toEqual(keys);
  expect(await recordOf('b')).toBeNull();
});

it('a damaged record is nobody’s duplicate, and the others are told', async () => {
  await enqueue(job(['a', 'b', 'c']));
  await store.redis.hset(`${lab.base}:m:0`, messageKey('b'), 'x');
  expect(await enqueue(job(['a', 'b', 'c']))).toEqual([false, true, false]);
});

it('of many is counted by its messages, and by what is left of them when it goes back', async () => {
  const many = job(['a', 'b', 'c', 'd']);
  await enqueue(many);
  await enqueue(job(['e']));
  const later = job(['f', 'g'], { dueAt: (await store.now()) + HOUR });
  await enqueue(later);
  const counted = async () => (await readChannelState(lab.store)).more;
  expect(await counted()).toEqual({ all: 4, active: 0, scheduled: 1 });
  await recountJob(lab.store, many.jobId, 2);
  expect(await counted()).toEqual({ all: 2, active: 0, scheduled: 1 });
  await recountJob(lab.store, 'e9_none', 2);
  expect(await counted()).toEqual({ all: 2, active: 0, scheduled: 1 });
});
