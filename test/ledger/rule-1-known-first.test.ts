import { describe, expect, it } from 'vitest';
import { newNonce } from '../../src/ledger/names.ts';
import type { FinalState } from '../../src/outcome.ts';
import {
  DAY,
  deadLetterOf,
  enqueuedAgain,
  HOUR,
  MINUTE,
  openLab,
  SECOND,
  SENT,
  UNCONFIRMED,
  useStore,
} from './harness.ts';

const store = useStore();

describe('rule 1: known first', () => {
  it('answers a delivered message as delivered, before the window, the slot or a stop is looked at', async () => {
    const lab = await openLab(store);
    const message = lab.message();
    await lab.deliver(message, await lab.grant(message));
    await lab.settle(lab.message({ to: '7' }), { nonce: newNonce() }, 'none', {
      stop: { reason: 'credentials' },
    });
    expect(await lab.verdict(message)).toEqual({ kind: 'known', final: SENT, run: 1, attempts: 1 });
  });

  it('does not send again in the next window what was delivered just before this one ended', async () => {
    const lab = await openLab(store, { windowMs: HOUR });
    const message = lab.message();
    await lab.elapse(29 * MINUTE);
    await lab.deliver(message, await lab.grant(message));
    await lab.elapse(2 * MINUTE);
    expect((await lab.explain(message)).slot).toBeNull();
    expect(await lab.verdict(message)).toMatchObject({ kind: 'known', final: SENT });
    expect(await lab.verdict(lab.message())).toMatchObject({ kind: 'granted' });
  });

  it.each<FinalState>([
    { state: 'suppressed', reason: 'quota' },
    { state: 'suppressed', reason: 'ineligible' },
    { state: 'dead', reason: 'bad_recipient' },
    { state: 'delivered', reason: 'held_for_review' },
  ])('repeats the final state $state/$reason to the same job', async (final) => {
    const lab = await openLab(store);
    const message = lab.message();
    if (final.state === 'delivered') {
      await lab.settle(message, await lab.grant(message), 'delivered', { final });
    } else {
      await lab.settle(message, { nonce: newNonce() }, 'none', { final });
    }
    expect(await lab.verdict(message)).toMatchObject({ kind: 'known', final });
  });

  it('knows the same job for as long as the record lasts, and past its expiry', async () => {
    const lab = await openLab(store);
    const message = lab.message();
    await lab.deliver(message, await lab.grant(message));
    await lab.elapse(7 * DAY + HOUR);
    expect(await lab.verdict(message)).toMatchObject({ kind: 'known', final: SENT });
  });

  it('calls another job with the same id a duplicate for a day, whatever became of the first', async () => {
    const lab = await openLab(store);
    const first = lab.message({ id: 'welcome', jobId: 'one' });
    const second = lab.message({ id: 'welcome', jobId: 'two' });
    await lab.deliver(first, await lab.grant(first));
    expect(await lab.verdict(second)).toEqual({ kind: 'duplicate', run: 1 });
    await lab.elapse(DAY - MINUTE);
    expect(await lab.verdict(second)).toEqual({ kind: 'duplicate', run: 1 });
  });

  it('gives the id a new life after that day, from run 1 and with its own final state and receipt', async () => {
    const lab = await openLab(store);
    const first = lab.message({ id: 'welcome', jobId: 'one' });
    const second = lab.message({ id: 'welcome', jobId: 'two' });
    await lab.deliver(first, await lab.grant(first));
    await lab.elapse(DAY + MINUTE);
    const grant = await lab.grant(second);
    expect(grant).toMatchObject({ run: 1, attempt: 1, doubt: false });
    expect(await lab.deliver(second, grant)).toMatchObject({ status: 'first', final: SENT });
    expect(await lab.receipts()).toHaveLength(2);
  });

  describe('where an id is used again while a job still lies in the queue that had a message of it', () => {
    /** A message of a job of many that has ended a day ago, and the one that was enqueued with its id since. */
    async function lingering({ expiresInMs = 7 * DAY, foreign = false } = {}) {
      const lab = await openLab(store, { attempts: 3 });
      const ended = lab.message({ id: 'daily', jobId: 'e3_lingers:0', expiresInMs });
      await lab.deliver(ended, await lab.grant(ended));
      await lab.elapse(DAY + MINUTE);
      const waiting = foreign ? lab.message({ id: 'daily' }) : await enqueuedAgain(lab, ended);
      return { lab, ended, waiting };
    }

    it.each([7 * DAY, HOUR])(
      'sends the ended one no second time, and the other one once: it expires in %i ms',
      async (expiresInMs) => {
        const { lab, ended, waiting } = await lingering({ expiresInMs });
        expect(await lab.verdict(ended)).toEqual({ kind: 'duplicate', run: 1 });
        const grant = await lab.grant(waiting);
        expect(await lab.verdict(ended)).toEqual({ kind: 'duplicate', run: 1 });
        expect(await lab.deliver(waiting, grant)).toMatchObject({ status: 'first', run: 1 });
        expect(await lab.verdict(ended)).toEqual({ kind: 'duplicate', run: 1 });
        expect(await lab.receipts()).toHaveLength(2);
      },
    );

    it.each(['is tried again', 'waits'])('where that one came without a record, and %s', async (now) => {
      const { lab, ended, waiting } = await lingering({ foreign: true });
      if (now === 'waits') await lab.settle(waiting, { nonce: newNonce() }, 'none');
      else await lab.settle(waiting, await lab.grant(waiting), 'spent');
      expect(await lab.verdict(ended)).toEqual({ kind: 'duplicate', run: 1 });
      expect(await lab.deliver(waiting, await lab.grant(waiting))).toMatchObject({ status: 'first' });
    });

    it('ends not the other one where a worker gives up the job', async () => {
      const { lab, ended, waiting } = await lingering();
      const final: FinalState = { state: 'dead', reason: 'stalled' };
      const told = { final, letter: deadLetterOf(ended) };
      expect(await lab.settle(ended, { nonce: newNonce() }, 'none', told)).toMatchObject({ status: 'known' });
      expect(await lab.letter(ended)).toBeUndefined();
      expect(await lab.deliver(waiting, await lab.grant(waiting))).toMatchObject({ status: 'first' });
    });
  });

  it('ends a new life by a verdict, too, as a final state of its own', async () => {
    const lab = await openLab(store);
    const first = lab.message({ id: 'welcome', jobId: 'one' });
    const second = lab.message({ id: 'welcome', jobId: 'two' });
    await lab.deliver(first, await lab.grant(first));
    await lab.elapse(DAY + MINUTE);
    const final: FinalState = { state: 'suppressed', reason: 'ineligible' };
    expect(await lab.settle(second, { nonce: newNonce() }, 'none', { final })).toMatchObject({
      status: 'first',
      final,
      run: 1,
      attempts: 0,
    });
    expect((await lab.receipts()).map(({ state }) => state)).toEqual(['delivered', 'suppressed']);
  });

  it('keeps the record for as long as the latest of its jobs: no second grant beside a send under way', async () => {
    const lab = await openLab(store, { resolution: 'resend', windowMs: 10 * DAY });
    const brief = lab.message({ id: 'welcome', expiresInMs: MINUTE });
    await lab.settle(brief, await lab.grant(brief), 'spent');
    const long = lab.message({ id: 'welcome' });
    await lab.elapse(DAY + MINUTE - 5 * SECOND);
    await lab.grant(long);
    await lab.elapse(6 * SECOND);
    expect(await lab.verdict(long)).toMatchObject({ kind: 'busy', slot: false });
  });

  it('keeps a final record for as long as the latest of its jobs, too', async () => {
    const lab = await openLab(store);
    const brief = lab.message({ id: 'welcome', expiresInMs: MINUTE });
    await lab.grant(brief);
    await lab.elapse(MINUTE);
    const long = lab.message({ id: 'welcome' });
    const { verdict, nonce } = await lab.admit(long);
    expect(verdict).toEqual({ kind: 'unconfirmed' });
    await lab.settle(long, { nonce }, 'none', { final: UNCONFIRMED });
    await lab.elapse(2 * DAY);
    expect(await lab.verdict(long)).toMatchObject({ kind: 'known', final: UNCONFIRMED });
  });

  it('lets a late proof of delivery reach the life that it belongs to', async () => {
    const lab = await openLab(store, { attempts: 1 });
    const message = lab.message();
    const grant = await lab.grant(message);
    await lab.settle(message, grant, 'doubt', { final: UNCONFIRMED });
    await lab.elapse(DAY + MINUTE);
    expect(await lab.deliver(message, grant)).toMatchObject({ final: SENT, status: 'known' });
    expect(await lab.verdict(message)).toMatchObject({ kind: 'known', final: SENT });
  });
});
