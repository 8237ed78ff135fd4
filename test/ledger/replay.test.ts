import { describe, expect, it } from 'vitest';
import type { LedgerMessage } from '../../src/ledger/entries.ts';
import { dropLetter, listLetter } from '../../src/ledger/letters.ts';
import { startReplays } from '../../src/ledger/lookups.ts';
import { newNonce } from '../../src/ledger/names.ts';
import type { DeadReason } from '../../src/outcome.ts';
import { DAY, EXHAUSTED, type Lab, openLab, SECOND, SENT, UNCONFIRMED, useStore } from './harness.ts';

const store = useStore();

async function replay(lab: Lab, message: LedgerMessage, reason: DeadReason) {
  const diedAt = Number(await store.redis.zscore(`${lab.base}:dead:${reason}`, message.jobId));
  const { jobId, key, expiresAt } = message;
  const [started] = await startReplays(store.redis, lab.base, [{ jobId, key, expiresAt, reason, diedAt }]);
  return started;
}

async function exhausted(lab: Lab): Promise<LedgerMessage> {
  const message = lab.message();
  await lab.settle(message, await lab.grant(message), 'spent', { final: EXHAUSTED });
  return message;
}

describe('a replay', () => {
  it('starts run 2 with all attempts, and ends it with a receipt of its own', async () => {
    const lab = await openLab(store, { attempts: 1 });
    const message = await exhausted(lab);
    expect(await lab.verdict(message)).toMatchObject({ kind: 'known', final: EXHAUSTED });
    expect(await replay(lab, message, 'exhausted')).toEqual({ status: 'ready', run: 2 });
    const grant = await lab.grant(message);
    expect(grant).toMatchObject({ run: 2, attempt: 1, doubt: false });
    expect(await lab.deliver(message, grant)).toMatchObject({ status: 'first', run: 2, attempts: 1 });
    expect((await lab.receipts()).map(({ run, state }) => [run, state])).toEqual([
      ['1', 'dead'],
      ['2', 'delivered'],
    ]);
  });

  it('that died before it unlisted the letter leaves it listed once, with its latest death', async () => {
    const lab = await openLab(store, { attempts: 1 });
    const message = await exhausted(lab);
    await replay(lab, message, 'exhausted');
    const final = { state: 'dead', reason: 'bad_recipient' } as const;
    await lab.settle(message, await lab.grant(message), 'spent', { final });
    const listed = (reason: DeadReason) => store.redis.zrange(`${lab.base}:dead:${reason}`, '0', '-1');
    expect(await listed('exhausted')).toEqual([]);
    expect(await listed('bad_recipient')).toEqual([message.jobId]);
  });

  it('that died before it moved the job can be done again: it is the same run', async () => {
    const lab = await openLab(store);
    const message = await exhausted(lab);
    await replay(lab, message, 'exhausted');
    expect(await replay(lab, message, 'exhausted')).toEqual({ status: 'ready', run: 2 });
  });

  it('sends nothing when proof of delivery came in since', async () => {
    const lab = await openLab(store);
    const message = lab.message();
    const grant = await lab.grant(message);
    await lab.settle(message, grant, 'doubt', { final: UNCONFIRMED });
    await lab.deliver(message, grant);
    expect(await replay(lab, message, 'unconfirmed')).toEqual({ status: 'delivered', run: 1 });
    expect(await lab.verdict(message)).toMatchObject({ kind: 'known', final: SENT });
  });

  it('leaves a message alone that is under way', async () => {
    const lab = await openLab(store);
    const message = await exhausted(lab);
    await replay(lab, message, 'exhausted');
    const grant = await lab.grant(message);
    expect(await replay(lab, message, 'exhausted')).toEqual({ status: 'active', run: 2 });
    expect(await lab.deliver(message, grant)).toMatchObject({ status: 'first', run: 2 });
  });

  it('meets the slot: taken by its own doubtful send until the window’s end', async () => {
    const lab = await openLab(store);
    const message = lab.message();
    await lab.settle(message, await lab.grant(message), 'doubt', { final: UNCONFIRMED });
    await replay(lab, message, 'unconfirmed');
    expect(await lab.verdict(message)).toMatchObject({ kind: 'quota' });
    await lab.elapse(DAY);
    expect(await lab.grant(message)).toMatchObject({ run: 2, attempt: 1, doubt: false });
  });

  it('meets the slot: spent by another message meanwhile', async () => {
    const lab = await openLab(store);
    const message = await exhausted(lab);
    const other = lab.message();
    await lab.deliver(other, await lab.grant(other));
    await replay(lab, message, 'exhausted');
    expect(await lab.verdict(message)).toMatchObject({ kind: 'quota' });
  });

  it('meets its expiry', async () => {
    const lab = await openLab(store);
    const message = await exhausted(lab);
    await lab.elapse(7 * DAY);
    await replay(lab, message, 'exhausted');
    expect(await lab.verdict(message)).toEqual({ kind: 'expired' });
  });

  it('counts on although the record is gone', async () => {
    const lab = await openLab(store);
    const message = await exhausted(lab);
    for (const run of [2, 3, 4]) {
      await lab.elapse(9 * DAY);
      expect((await lab.explain(message)).record).toBeNull();
      expect(await replay(lab, message, 'exhausted')).toEqual({ status: 'ready', run });
      const { nonce } = await lab.admit(message);
      await lab.settle(message, { nonce }, 'none', { final: EXHAUSTED });
    }
    expect((await lab.receipts()).map(({ run }) => run)).toEqual(['1', '2', '3', '4']);
  });

  it('leaves nothing behind of a letter that is dropped', async () => {
    const lab = await openLab(store);
    const message = await exhausted(lab);
    await replay(lab, message, 'exhausted');
    await lab.settle(message, await lab.grant(message), 'spent', { final: EXHAUSTED });
    const { id, jobId } = message;
    await dropLetter(store.redis, lab.base, { reason: 'exhausted', id, jobId });
    expect(await store.redis.keys(`${lab.base}:dead*`)).toEqual([]);
  });

  it('counts on from the last run when a message dies again', async () => {
    const lab = await openLab(store);
    const message = await exhausted(lab);
    for (const run of [2, 3]) {
      expect(await replay(lab, message, 'exhausted')).toEqual({ status: 'ready', run });
      await lab.settle(message, await lab.grant(message), 'spent', { final: EXHAUSTED });
    }
    expect(await lab.receipts()).toHaveLength(3);
  });

  it('of a letter that nobody admitted starts from its record, too', async () => {
    const lab = await openLab(store);
    const message = lab.message();
    const final = { state: 'dead', reason: 'stalled' } as const;
    await lab.settle(message, { nonce: newNonce() }, 'none', { final });
    await listLetter(
      store.redis,
      lab.base,
      { reason: 'stalled', id: message.id, jobId: message.jobId },
      SECOND,
    );
    expect(await replay(lab, message, 'stalled')).toEqual({ status: 'ready', run: 2 });
  });
});
