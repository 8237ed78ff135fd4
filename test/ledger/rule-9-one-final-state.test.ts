import { describe, expect, it } from 'vitest';
import { receiptsKey } from '../../src/jobs/queues.ts';
import { findLetter, lettersKey } from '../../src/ledger/letters.ts';
import { newNonce } from '../../src/ledger/names.ts';
import { readReceipts } from '../../src/observe/receipts.ts';
import { EXHAUSTED, openLab, SENT, useStore } from './harness.ts';

const store = useStore();

describe('rule 9: one final state a run', () => {
  it('writes the receipt with all its fields in the call that makes the state final', async () => {
    const lab = await openLab(store);
    const message = lab.message({ id: 'welcome', meta: '{"campaign":"spring"}' });
    const grant = await lab.grant(message);
    expect(await lab.receipts()).toEqual([]);
    const before = await store.now();
    await lab.settle(message, grant, 'delivered', { final: SENT, platformMessageId: '42' });
    const after = await store.now();
    const [receipt, ...more] = await readReceipts(store.redis, lab.channel);
    expect(more).toEqual([]);
    expect(receipt).toEqual({
      entry: expect.any(String),
      v: 1,
      id: 'welcome',
      run: 1,
      state: 'delivered',
      reason: 'sent',
      at: expect.any(Number),
      attempts: 1,
      platformMessageId: '42',
      meta: { campaign: 'spring' },
    });
    expect(receipt!.at).toBeGreaterThanOrEqual(before);
    expect(receipt!.at).toBeLessThanOrEqual(after);
  });

  it('leaves out what there is none of', async () => {
    const lab = await openLab(store);
    const final = { state: 'suppressed', reason: 'quota' } as const;
    await lab.settle(lab.message(), { nonce: newNonce() }, 'none', { final });
    const [receipt] = await lab.receipts();
    expect(Object.keys(receipt!)).toEqual(['v', 'id', 'run', 'state', 'reason', 'at', 'attempts']);
    expect(receipt).toMatchObject({ run: '1', attempts: '0' });
  });

  it('tells exactly one of many that it was the first', async () => {
    const lab = await openLab(store);
    const message = lab.message();
    const grant = await lab.grant(message);
    const settled = await Promise.all([
      lab.deliver(message, grant),
      ...Array.from({ length: 9 }, () => lab.deliver(message, { nonce: newNonce() })),
    ]);
    expect(settled.filter(({ status }) => status === 'first')).toHaveLength(1);
    expect(settled.filter(({ status }) => status === 'known')).toHaveLength(9);
    expect(await lab.receipts()).toHaveLength(1);
  });

  it('tells the state of before to whoever comes with another', async () => {
    const lab = await openLab(store);
    const message = lab.message();
    await lab.settle(message, { nonce: newNonce() }, 'none', {
      final: { state: 'suppressed', reason: 'quota' },
    });
    const stalled = { state: 'dead', reason: 'stalled' } as const;
    expect(await lab.settle(message, { nonce: newNonce() }, 'none', { final: stalled })).toMatchObject({
      status: 'known',
      final: { state: 'suppressed', reason: 'quota' },
    });
  });

  it('writes no receipt for a run that goes on', async () => {
    const lab = await openLab(store, { resolution: 'resend' });
    const message = lab.message();
    for (const effect of ['back', 'spent', 'doubt'] as const) {
      await lab.settle(message, await lab.grant(message), effect);
    }
    expect(await lab.receipts()).toEqual([]);
  });

  it('ends a run that nobody ever admitted: a job that the queue gave up', async () => {
    const lab = await openLab(store);
    const message = lab.message({ id: 'lost' });
    const final = { state: 'dead', reason: 'stalled' } as const;
    expect(await lab.settle(message, { nonce: newNonce() }, 'none', { final })).toMatchObject({
      status: 'first',
      run: 1,
      attempts: 0,
    });
    expect(await lab.receipts()).toMatchObject([{ id: 'lost', state: 'dead', reason: 'stalled' }]);
  });

  it('lists a dead letter by its reason and by its name, and nothing else', async () => {
    const lab = await openLab(store);
    const dead = lab.message({ id: 'dead', jobId: 'm_dead' });
    const alive = lab.message({ id: 'alive', to: '7' });
    await lab.settle(dead, await lab.grant(dead), 'spent', { final: EXHAUSTED });
    await lab.deliver(alive, await lab.grant(alive));
    expect(await store.redis.zrange(lettersKey(lab.base, 'exhausted'), '0', '-1')).toEqual(['m_dead']);
    expect(await findLetter(store.redis, lab.base, 'dead')).toBe('m_dead');
    expect(await findLetter(store.redis, lab.base, 'alive')).toBeNull();
  });

  it('caps the stream of receipts', async () => {
    const lab = await openLab(store, { keepReceipts: 100, quota: false });
    const messages = Array.from({ length: 600 }, () => lab.message());
    await Promise.all(messages.map((message) => lab.deliver(message, { nonce: newNonce() })));
    const kept = await store.redis.xlen(receiptsKey(lab.channel));
    expect(kept).toBeGreaterThanOrEqual(100);
    expect(kept).toBeLessThanOrEqual(200);
    expect((await lab.receipts()).at(-1)).toMatchObject({ id: messages.at(-1)!.id });
  });
});
