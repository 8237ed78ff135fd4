import { describe, expect, it } from 'vitest';
import { findDeadLetter, readDeadLetterData, replayListed } from '../../src/dead-letters/records.ts';
import { originalJobId } from '../../src/jobs/job-ids.ts';
import { newNonce } from '../../src/ledger/names.ts';
import { readReceipts } from '../../src/receipts/receipts.ts';
import { channelKeys } from '../../src/redis/keys.ts';
import { deadLetterOf, EXHAUSTED, openLab, SENT, UNCONFIRMED, useStore } from './harness.ts';

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
    expect(await store.redis.zrange(lab.store.keys.deadLettersOf('exhausted'), '0', '-1')).toEqual([
      'm_dead',
    ]);
    const letter = {
      name: 'm_dead',
      jobName: '',
      id: 'dead',
      jobId: 'm_dead',
      key: dead.key,
      reason: 'exhausted',
      run: 1,
      attempts: 1,
      detail: 'as it was told',
      enqueuedAt: '1700000000000',
      expiresAt: dead.expiresAt,
      size: undefined,
      diedAt: (await lab.explain(dead)).record!['at'],
    };
    for (const id of ['dead', 'm_dead']) {
      expect(await findDeadLetter(lab.store, id)).toEqual(letter);
    }
    expect(await readDeadLetterData(lab.store, 'm_dead')).toBe('{"id":"dead"}');
    expect(await findDeadLetter(lab.store, 'alive')).toBeUndefined();
  });

  it('keeps the letters of two messages whose jobs bore one id, one after the other', async () => {
    const lab = await openLab(store, { quota: false });
    const jobId = 'chosen-by-its-producer';
    const [one, two] = [lab.message({ jobId }), lab.message({ jobId })];
    await lab.settle(one, await lab.grant(one), 'spent', { final: EXHAUSTED });
    const letter = { ...deadLetterOf(two), enqueuedAt: '1700000000001' };
    await lab.settle(two, await lab.grant(two), 'spent', { final: EXHAUSTED, letter });
    const found = await Promise.all([one, two].map(({ id }) => findDeadLetter(lab.store, id)));
    expect(found.map((each) => [each?.name, each?.jobId])).toEqual([
      [jobId, jobId],
      [`${jobId}:@1700000000001`, jobId],
    ]);
    for (const each of found) expect(await replayListed(lab.store, [each!])).toEqual(['replayed']);
    const jobs = await store.redis.lrange(`${lab.base.slice(0, -'ledger'.length)}wait`, 0, -1);
    expect(new Set(jobs).size).toBe(2);
    expect(jobs.map(originalJobId)).toEqual([jobId, jobId]);
  });

  it('makes no message dead whose letter cannot be written', async () => {
    const lab = await openLab(store);
    const message = lab.message();
    const grant = await lab.grant(message);
    await store.redis.set(`${lab.base}:letters`, 'something else');
    await expect(lab.settle(message, grant, 'spent', { final: EXHAUSTED })).rejects.toThrow(/WRONGTYPE/);
    await store.redis.del(`${lab.base}:letters`);
    expect(await lab.settle(message, grant, 'spent', { final: EXHAUSTED })).toMatchObject({
      status: 'first',
    });
    expect(await lab.letter(message)).toMatchObject({ reason: 'exhausted' });
  });

  it('takes the letter away when proof of delivery comes in after all', async () => {
    const lab = await openLab(store);
    const message = lab.message();
    const grant = await lab.grant(message);
    await lab.settle(message, grant, 'doubt', { final: UNCONFIRMED });
    expect(await lab.letter(message)).toMatchObject({ reason: 'unconfirmed' });
    await lab.deliver(message, grant);
    expect(await store.redis.keys(`${lab.base}:letters*`)).toEqual([]);
  });

  it('caps the stream of receipts', async () => {
    const lab = await openLab(store, { keepReceipts: 100, quota: false });
    const messages = Array.from({ length: 600 }, () => lab.message());
    await Promise.all(messages.map((message) => lab.deliver(message, { nonce: newNonce() })));
    const kept = await store.redis.xlen(channelKeys(lab.channel).receipts);
    expect(kept).toBeGreaterThanOrEqual(100);
    expect(kept).toBeLessThanOrEqual(200);
    expect((await lab.receipts()).at(-1)).toMatchObject({ id: messages.at(-1)!.id });
  });
});
