import { describe, expect, it } from 'vitest';
import { enqueueJob } from '../../src/jobs/enqueue.ts';
import { readChannelState } from '../../src/ledger/channel-state.ts';
import { newNonce } from '../../src/ledger/names.ts';
import { EXHAUSTED, type Lab, MINUTE, openLab, SECOND, SENT, UNCONFIRMED, useStore } from './harness.ts';

const store = useStore();

/** A message whose first send is unknown and whose second is under way. */
async function inDoubt() {
  const lab = await openLab(store, { resolution: 'resend' });
  const message = lab.message();
  const first = await lab.grant(message);
  expect(await lab.settle(message, first, 'doubt')).toMatchObject({ status: 'doubt', attempts: 1 });
  const second = await lab.grant(message);
  return { lab, message, first, second };
}

describe('the number of doubts', () => {
  const doubts = async (lab: Lab) => (await readChannelState(lab.store)).doubts;
  /** An empty queue shows that the jobs of doubtful messages were removed. */
  const withJob = (lab: Lab) => lab.store.redis.lpush(`herald:{${lab.channel}}:wait`, 'a job');

  it('counts a message from its first doubtful send to its end, whatever comes between', async () => {
    const { lab, message, second } = await inDoubt();
    await withJob(lab);
    expect(await doubts(lab)).toBe(1);
    await lab.settle(message, second, 'doubt');
    expect(await doubts(lab)).toBe(1);
    await lab.settle(message, await lab.grant(message), 'doubt', { final: UNCONFIRMED });
    expect(await doubts(lab)).toBe(0);
  });

  it('ends with a proof, and counts what lapsed once that is noticed', async () => {
    const lab = await openLab(store, { resolution: 'confirm', lease: SECOND, quiet: SECOND });
    await withJob(lab);
    const [one, other] = [lab.message({ to: '1' }), lab.message({ to: '2' })];
    await lab.settle(one, await lab.grant(one), 'doubt');
    const lost = await lab.grant(other);
    await lab.elapse(5 * SECOND);
    expect(await doubts(lab)).toBe(1);
    const asked = await lab.grant(other);
    expect(await doubts(lab)).toBe(2);
    await lab.settle(other, asked, 'absent');
    expect(await doubts(lab)).toBe(1);
    await lab.deliver(other, lost);
    await lab.deliver(one, await lab.grant(one));
    expect(await doubts(lab)).toBe(0);
  });

  it('counts a message once whose id is enqueued while it is in doubt', async () => {
    const { lab, message, second } = await inDoubt();
    await withJob(lab);
    const messages = [{ id: message.id, text: `{"id":"${message.id}"}`, expiresAt: undefined }];
    const job = { jobId: 'm_again', priority: 0, dueAt: undefined, messages };
    expect(await enqueueJob(lab.store, job)).toEqual([true]);
    expect(await doubts(lab)).toBe(1);
    await lab.deliver(message, second);
    expect(await doubts(lab)).toBe(0);
  });

  it('is right from the next doubt on, where one ends that was not counted when it began', async () => {
    const { lab, message, second } = await inDoubt();
    await withJob(lab);
    await lab.store.redis.hdel(lab.store.keys.state, 'doubts');
    await lab.deliver(message, second);
    const other = lab.message({ to: '33' });
    await lab.settle(other, await lab.grant(other), 'doubt');
    expect(await doubts(lab)).toBe(1);
  });

  it('forgets those whose jobs were removed by hand', async () => {
    const { lab } = await inDoubt();
    expect(await doubts(lab)).toBe(0);
    await withJob(lab);
    expect(await doubts(lab)).toBe(0);
  });
});

describe('rule 5: doubt', () => {
  it('is told to the next attempt, with the time of the first doubtful send', async () => {
    const { first, second } = await inDoubt();
    expect(first.doubt).toBe(false);
    expect(second).toMatchObject({ doubt: true, attempt: 2, run: 1 });
    expect(second.doubtAt).toBeGreaterThan(first.deadlineAt - 11 * SECOND);
    expect(second.doubtAt).toBeLessThanOrEqual(first.deadlineAt);
  });

  it.each([
    ['failed', 'spent', {}],
    ['throttled', 'waived', { rest: { reason: 'rate_limited', ms: 1 } }],
    ['refused for the quota', 'waived', { foreign: true }],
    ['rejected', 'spent', { final: { state: 'dead', reason: 'bad_recipient' } }],
    ['found ineligible', 'spent', { refused: true, final: { state: 'suppressed', reason: 'ineligible' } }],
    ['out of attempts', 'spent', { final: EXHAUSTED }],
  ] as const)('survives a later attempt that %s: unknown again, the slot kept', async (_, effect, more) => {
    const { lab, message, second } = await inDoubt();
    expect(await lab.settle(message, second, effect, more)).toMatchObject({
      status: 'doubt',
      final: undefined,
    });
    expect(await lab.explain(message)).toMatchObject({
      record: { state: 'o', doubt_at: second.doubtAt },
      slot: { state: 'h', own: true },
    });
    expect(await lab.receipts()).toEqual([]);
    expect(await lab.verdict(lab.message())).not.toMatchObject({ kind: 'granted' });
  });

  it('keeps the time of the first unknown send when a second one follows', async () => {
    const { lab, message, second } = await inDoubt();
    await lab.elapse(5 * SECOND);
    await lab.settle(message, second, 'doubt');
    expect((await lab.explain(message)).record).toMatchObject({ doubt_at: second.doubtAt - 5 * SECOND });
  });

  it('ends a run as dead unconfirmed, and the slot stays taken', async () => {
    const { lab, message, second } = await inDoubt();
    expect(await lab.settle(message, second, 'spent', { final: UNCONFIRMED })).toMatchObject({
      status: 'first',
      final: UNCONFIRMED,
    });
    expect((await lab.explain(message)).slot).toMatchObject({ state: 't', own: true });
    expect(await lab.verdict(lab.message())).toMatchObject({ kind: 'quota' });
  });

  it('is not ended by a verdict that knows nothing of it', async () => {
    const lab = await openLab(store);
    const message = lab.message();
    await lab.settle(message, await lab.grant(message), 'doubt');
    for (const final of [EXHAUSTED, { state: 'suppressed', reason: 'expired' }] as const) {
      expect(await lab.settle(message, { nonce: newNonce() }, 'none', { final })).toMatchObject({
        status: 'stale',
      });
    }
    expect((await lab.explain(message)).slot).toMatchObject({ state: 'h' });
  });

  it('is not invented by a verdict either: without doubt no run ends unconfirmed', async () => {
    const lab = await openLab(store);
    const message = lab.message();
    await lab.settle(message, await lab.grant(message), 'spent');
    expect(await lab.settle(message, { nonce: newNonce() }, 'none', { final: UNCONFIRMED })).toMatchObject({
      status: 'stale',
    });
  });

  it('is not ended by the message’s expiry: that run is unconfirmed, not suppressed', async () => {
    const lab = await openLab(store, { resolution: 'resend' });
    const message = lab.message({ expiresInMs: MINUTE });
    await lab.settle(message, await lab.grant(message), 'doubt');
    await lab.elapse(MINUTE);
    expect(await lab.verdict(message)).toEqual({ kind: 'unconfirmed' });
  });

  it('is ended by the proof of delivery', async () => {
    const { lab, message, second } = await inDoubt();
    expect(await lab.deliver(message, second)).toMatchObject({ status: 'first', final: SENT });
    expect((await lab.explain(message)).slot).toMatchObject({ state: 's' });
  });
});
