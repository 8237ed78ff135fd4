import { beforeEach, describe, expect, it } from 'vitest';
import { cancelMessage, rescheduleMessage } from '../../src/jobs/control.ts';
import { enqueueJob, type NewJob } from '../../src/jobs/enqueue.ts';
import { entryId, newJobId } from '../../src/jobs/job-ids.ts';
import { lookUpMessages } from '../../src/ledger/lookups.ts';
import { newNonce } from '../../src/ledger/names.ts';
import { reasonCode } from '../../src/ledger/reasons.ts';
import { loadScript } from '../../src/ledger/script.ts';
import type { LedgerMessage } from '../../src/ledger/types.ts';
import type { FinalState } from '../../src/outcome.ts';
import {
  DAY,
  deadLetterOf,
  EXHAUSTED,
  HOUR,
  type Lab,
  MINUTE,
  openLab,
  repeating,
  SECOND,
  SENT,
  useStore,
} from '../ledger/harness.ts';

const store = useStore();
let lab: Lab;
beforeEach(async () => {
  lab = await openLab(store, { attempts: 1, quota: false });
});

const CANCELLED: FinalState = { state: 'suppressed', reason: 'cancelled' };

/** @returns the messages as their worker reads them */
async function enqueue(ids: readonly string[], more: Partial<NewJob> = {}): Promise<LedgerMessage[]> {
  const messages = ids.map((id) => ({ id, text: `{"id":"${id}"}`, expiresAt: undefined }));
  const jobId = newJobId(ids.length);
  await enqueueJob(lab.store, { jobId, priority: 0, dueAt: undefined, messages, ...more });
  return ids.map((id, i) => lab.message({ id, jobId: ids.length > 1 ? entryId(jobId, i) : jobId }));
}

const enqueueOne = async (id: string, more: Partial<NewJob> = {}): Promise<LedgerMessage> =>
  (await enqueue([id], more))[0]!;

const cancel = (id: string) => cancelMessage(lab.store, id);
const reschedule = async (id: string, inMs: number) =>
  (await rescheduleMessage(lab.store, id, (await store.now()) + inMs)).status;
const queueKey = (key: string): string => `${lab.base.slice(0, -'ledger'.length)}${key}`;
const due = async (jobId: string): Promise<number> =>
  Math.floor(Number(await store.redis.zscore(queueKey('delayed'), jobId)) / 0x1000);

describe('a cancel', () => {
  it('ends a message that was never tried, with a receipt, and its job meets the end', async () => {
    const message = await enqueueOne('a');
    expect(await cancel('a')).toBe('cancelled');
    expect(await lab.receipts()).toMatchObject([
      { id: 'a', run: '1', state: 'suppressed', reason: 'cancelled', attempts: '0' },
    ]);
    expect(await lab.verdict(message)).toEqual({ kind: 'cancelled', run: 1, attempts: 0 });
    expect(await lab.verdict(message)).toEqual({ kind: 'known', final: CANCELLED, run: 1, attempts: 0 });
  });

  it('is answered alike when it is repeated, and writes one receipt', async () => {
    await enqueueOne('a');
    const unlucky = { ...lab.store, redis: repeating(store.redis) };
    expect(
      await cancelMessage(
        { run: (script, args) => script.run(unlucky.redis, [lab.base, lab.store.keys.receipts], args) },
        'a',
      ),
    ).toBe('cancelled');
    expect(await cancel('a')).toBe('cancelled');
    expect(await lab.receipts()).toHaveLength(1);
  });

  it('is counted by one worker, also when its question is repeated', async () => {
    const message = await enqueueOne('a');
    await cancel('a');
    const { verdict, nonce } = await lab.admit(message);
    expect(verdict.kind).toBe('cancelled');
    expect((await lab.admit(message, nonce)).verdict).toEqual(verdict);
    expect((await lab.admit(message)).verdict.kind).toBe('known');
    expect((await lab.admit(message, nonce)).verdict.kind).toBe('cancelled');
  });

  it('takes one message out of a job of many, which is not over for its worker until it is counted', async () => {
    const messages = await enqueue(['a', 'b']);
    await cancel('b');
    const ending = messages.map(({ key, job, jobId }) => ({ key, job, jobId }));
    expect(await lookUpMessages(lab.store, ending)).toEqual(['waiting', 'waiting']);
    expect(await Promise.all(messages.map(async (each) => (await lab.verdict(each)).kind))).toEqual([
      'granted',
      'cancelled',
    ]);
    expect(await lookUpMessages(lab.store, ending)).toEqual(['sending', 'ended']);
  });

  it('is too late while a send is in flight or in doubt, and after the end', async () => {
    const message = await enqueueOne('a');
    const grant = await lab.grant(message);
    expect(await cancel('a')).toBe('too_late');
    await lab.settle(message, grant, 'doubt');
    expect(await cancel('a')).toBe('too_late');
    const [lapsed] = await enqueue(['b']);
    await lab.grant(lapsed!);
    await lab.elapse(MINUTE);
    expect(await cancel('b')).toBe('too_late');
    const [sent] = await enqueue(['c']);
    await lab.deliver(sent!, await lab.grant(sent!));
    expect(await cancel('c')).toBe('too_late');
    expect(await lab.verdict(sent!)).toMatchObject({ kind: 'known', final: SENT });
  });

  it('comes in time after a failure, and tells the attempts', async () => {
    const relab = await openLab(store, { attempts: 3 });
    const message = relab.message({ id: 'a' });
    await relab.settle(message, await relab.grant(message), 'spent');
    expect(await cancelMessage(relab.store, 'a')).toBe('cancelled');
    expect(await relab.receipts()).toMatchObject([{ reason: 'cancelled', attempts: '1' }]);
    // It was enqueued without a record, so that nothing says which job is its own.
    expect(await relab.verdict(message)).toEqual({ kind: 'cancelled', run: 1, attempts: 1 });
    await relab.elapse(2 * DAY);
    expect(await relab.verdict(message)).toMatchObject({ kind: 'known', final: CANCELLED });
  });

  it('knows nothing of a message without a record', async () => {
    expect(await cancel('nobody')).toBe('unknown');
    expect(await lab.receipts()).toEqual([]);
  });

  it('is too late for a dead letter, and in time for its replay', async () => {
    const message = await enqueueOne('a');
    await lab.settle(message, await lab.grant(message), 'spent', {
      final: EXHAUSTED,
      letter: deadLetterOf(message),
    });
    expect(await cancel('a')).toBe('too_late');
    await lab.replay(message);
    expect(await cancel('a')).toBe('cancelled');
    expect(await lab.verdict(message)).toEqual({ kind: 'cancelled', run: 2, attempts: 0 });
  });

  it('holds for as long as the job may lie in the queue: nobody may use its id meanwhile', async () => {
    const message = await enqueueOne('a', { dueAt: (await store.now()) + 5 * DAY });
    await cancel('a');
    await lab.elapse(2 * DAY);
    const again = { id: 'a', text: '{"id":"a"}', expiresAt: undefined };
    const job = { jobId: newJobId(), priority: 0, dueAt: undefined, messages: [again] };
    expect(await enqueueJob(lab.store, job)).toEqual([false]);
    expect((await lab.verdict(lab.message({ id: 'a', jobId: 'foreign' }))).kind).toBe('duplicate');
    expect((await lab.verdict(message)).kind).toBe('cancelled');
    await lab.elapse(6 * DAY);
    expect(await enqueueJob(lab.store, job)).toEqual([true]);
  });

  it('stands against a settlement that is told late', async () => {
    const message = await enqueueOne('a');
    await cancel('a');
    const final = { state: 'suppressed', reason: 'expired' } as const;
    const settled = await lab.settle(message, { nonce: newNonce() }, 'none', { final });
    expect(settled).toMatchObject({ status: 'known', final: CANCELLED });
    expect(await lab.receipts()).toHaveLength(1);
  });

  it('is written with the number of its reason', async () => {
    const script = loadScript('../../../test/jobs/cancelled.lua');
    expect(await lab.store.run(script, [])).toBe(reasonCode('cancelled'));
  });
});

describe('a reschedule', () => {
  it('puts a message off, and its worker is told until when', async () => {
    const message = await enqueueOne('a');
    const at = (await store.now()) + HOUR;
    expect(await rescheduleMessage(lab.store, 'a', at)).toEqual({ status: 'rescheduled' });
    expect(await lab.verdict(message)).toEqual({ kind: 'early', at });
    await lab.elapse(HOUR + SECOND);
    expect(await lab.grant(message)).toMatchObject({ notBefore: at - HOUR - SECOND });
  });

  it('decides whatever the job says: a message comes before its sendAt', async () => {
    const message = { ...(await enqueueOne('a')), sendAt: (await store.now()) + DAY };
    expect((await lab.verdict(message)).kind).toBe('early');
    expect(await reschedule('a', -MINUTE)).toBe('rescheduled');
    await lab.grant(message);
  });

  it('lasts through failures, and doubts', async () => {
    lab = await openLab(store, { attempts: 3, quota: false });
    const message = await enqueueOne('a');
    await reschedule('a', -MINUTE);
    await lab.settle(message, await lab.grant(message), 'spent');
    expect(await reschedule('a', HOUR)).toBe('rescheduled');
    expect((await lab.verdict(message)).kind).toBe('early');
    await lab.elapse(2 * HOUR);
    await lab.settle(message, await lab.grant(message), 'doubt');
    const { record } = await lab.explain(message);
    expect(Number(record?.['not_before'])).toBeGreaterThan(0);
    expect(Number(record?.['doubt_at'])).toBeGreaterThan(0);
    expect(await reschedule('a', HOUR)).toBe('too_late');
  });

  it('is too late, unknown or refused where it has to be', async () => {
    const message = await enqueueOne('a');
    const { expiresAt } = message;
    expect(await rescheduleMessage(lab.store, 'a', expiresAt + DAY)).toMatchObject({ status: 'expires' });
    expect((await lab.explain(message)).record).toMatchObject({ not_before: 0 });
    const grant = await lab.grant(message);
    expect(await reschedule('a', HOUR)).toBe('too_late');
    await lab.deliver(message, grant);
    expect(await reschedule('a', HOUR)).toBe('too_late');
    expect(await reschedule('nobody', HOUR)).toBe('unknown');
  });

  it('brings a delayed job forward', async () => {
    const at = (await store.now()) + DAY;
    const { jobId } = await enqueueOne('a', { dueAt: at });
    const { jobId: other } = await enqueueOne('b', { dueAt: at });
    const sooner = at - HOUR;
    expect(await rescheduleMessage(lab.store, 'a', sooner)).toEqual({ status: 'rescheduled' });
    expect([await due(jobId), await due(other)]).toEqual([sooner, at]);
    const [, marked] = await store.redis.zrange(queueKey('marker'), '0', '0', 'WITHSCORES');
    expect(Number(marked)).toBe(sooner);
    await rescheduleMessage(lab.store, 'a', at);
    expect(await due(jobId)).toBe(sooner);
  });

  it('brings a job of many forward as a whole, and one that left it alone', async () => {
    const at = (await store.now()) + DAY;
    const [first] = await enqueue(['a', 'b'], { dueAt: at });
    const jobId = first!.jobId.split(':')[0]!;
    const left = `${jobId}:1`;
    await store.redis.zadd(queueKey('delayed'), String((at + HOUR) * 0x1000), left);
    await rescheduleMessage(lab.store, 'a', at - HOUR);
    expect([await due(jobId), await due(left)]).toEqual([at - HOUR, at + HOUR]);
    await rescheduleMessage(lab.store, 'b', at);
    expect(await due(left)).toBe(at);
  });

  it('brings the job of a message forward that was tried and then put off, and no retry', async () => {
    lab = await openLab(store, { attempts: 3, quota: false });
    const message = await enqueueOne('a');
    await lab.settle(message, await lab.grant(message), 'spent');
    const retryAt = (await store.now()) + MINUTE;
    await store.redis.zadd(queueKey('delayed'), String(retryAt * 0x1000), message.jobId);
    await rescheduleMessage(lab.store, 'a', retryAt - SECOND);
    expect(await due(message.jobId)).toBe(retryAt);
    await rescheduleMessage(lab.store, 'a', retryAt - 2 * SECOND);
    expect(await due(message.jobId)).toBe(retryAt - 2 * SECOND);
  });

  it('cannot bring forward the job of a producer that made no record', async () => {
    lab = await openLab(store, { attempts: 3, quota: false });
    const message = lab.message({ id: 'a' });
    await lab.settle(message, await lab.grant(message), 'spent');
    expect(await reschedule('a', HOUR)).toBe('rescheduled');
    expect(await reschedule('a', MINUTE)).toBe('fixed');
    expect(await reschedule('a', 2 * HOUR)).toBe('rescheduled');
  });

  it('finds the job behind many others that are delayed', async () => {
    const at = (await store.now()) + DAY;
    const { jobId } = await enqueueOne('a', { dueAt: at });
    const others = Array.from({ length: 12_000 }, (_, i) => [(at + i) * 0x1000, `m_${i}`] as const);
    await store.redis.zadd(queueKey('delayed'), ...others.flat());
    await rescheduleMessage(lab.store, 'a', at - HOUR);
    expect(await due(jobId)).toBe(at - HOUR);
  });

  it.each([
    ['of other instants', (i: number) => 1 + i],
    ['of one instant', () => 0],
  ])('finds the job behind others %s, one of which leaves meanwhile', async (_, later) => {
    const at = (await store.now()) + DAY;
    const { jobId } = await enqueueOne('a', { dueAt: at });
    const others = Array.from({ length: 10_000 }, (_, i) => [(at + later(i)) * 0x1000, `n_${i}`] as const);
    await store.redis.zadd(queueKey('delayed'), ...others.flat());
    let pages = 0;
    const between: Pick<Lab['store'], 'run'> = {
      async run(script, args) {
        const answer = await lab.store.run(script, args);
        if (Array.isArray(answer) && answer.length > 0 && pages++ === 1)
          await store.redis.zrem(queueKey('delayed'), 'n_5000');
        return answer;
      },
    };
    await rescheduleMessage(between, 'a', at - HOUR);
    expect(await due(jobId)).toBe(at - HOUR);
  });
});
