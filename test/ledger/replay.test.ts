import { describe, expect, it } from 'vitest';
import { purgeListed, replayListed } from '../../src/dead-letters/records.ts';
import { originalJobId } from '../../src/jobs/job-ids.ts';
import { readChannelState } from '../../src/ledger/channel-state.ts';
import { newNonce } from '../../src/ledger/names.ts';
import type { LedgerMessage } from '../../src/ledger/types.ts';
import {
  DAY,
  deadLetterOf,
  EXHAUSTED,
  enqueuedAgain,
  type Lab,
  openLab,
  SENT,
  UNCONFIRMED,
  useStore,
} from './harness.ts';

const store = useStore();

async function exhausted(lab: Lab): Promise<LedgerMessage> {
  const message = lab.message();
  await lab.settle(message, await lab.grant(message), 'spent', { final: EXHAUSTED });
  return message;
}

it('counts dead letters that are kept no longer: replayed, purged, or delivered after all', async () => {
  const lab = await openLab(store, { attempts: 1, resolution: 'resend' });
  const removed = async (how: string) => (await readChannelState(lab.store)).totals[`removed:${how}`];
  const letters = [lab.message({ to: '1' }), lab.message({ to: '2' }), lab.message({ to: '3' })];
  const grants = [];
  for (const message of letters) {
    grants.push(await lab.grant(message));
    await lab.settle(message, grants.at(-1)!, 'doubt', { final: UNCONFIRMED });
  }
  const [one, two, three] = letters as [LedgerMessage, LedgerMessage, LedgerMessage];
  expect(await removed('replayed')).toBeUndefined();
  const seen = (await lab.letter(one))!;
  await replayListed(lab.store, [seen, seen]);
  expect(await removed('replayed')).toBe(1);
  const purged = (await lab.letter(two))!;
  await purgeListed(lab.store, [purged, purged]);
  await purgeListed(lab.store, [purged]);
  expect(await removed('purged')).toBe(1);
  await lab.deliver(three, grants[2]!);
  expect(await removed('delivered')).toBe(1);
});

describe('a replay', () => {
  it('starts run 2 with all attempts, and ends it with a receipt of its own', async () => {
    const lab = await openLab(store, { attempts: 1 });
    const message = await exhausted(lab);
    expect(await lab.verdict(message)).toMatchObject({ kind: 'known', final: EXHAUSTED });
    expect(await lab.replay(message)).toBe('replayed');
    const grant = await lab.grant(message);
    expect(grant).toMatchObject({ run: 2, attempt: 1, doubt: false });
    expect(await lab.deliver(message, grant)).toMatchObject({ status: 'first', run: 2, attempts: 1 });
    expect((await lab.receipts()).map(({ run, state }) => [run, state])).toEqual([
      ['1', 'dead'],
      ['2', 'delivered'],
    ]);
  });

  it('is done once, however often it is asked for with the same death', async () => {
    const lab = await openLab(store, { attempts: 1 });
    const message = await exhausted(lab);
    const letter = (await lab.letter(message))!;
    const two = await Promise.all([
      replayListed(lab.store, [letter]),
      replayListed(lab.store, [letter, letter]),
    ]);
    expect(two.flat().toSorted()).toEqual(['gone', 'gone', 'replayed']);
    // Here the second death follows faster than any worker brings it about: not in the same millisecond.
    await store.until(letter.diedAt + 1);
    await lab.settle(message, await lab.grant(message), 'spent', { final: EXHAUSTED });
    expect(await replayListed(lab.store, [letter])).toEqual(['gone']);
    expect(await lab.letter(message)).toMatchObject({ run: 2, reason: 'exhausted' });
  });

  it('puts a job of its own into the queue, with what the message was enqueued with', async () => {
    const lab = await openLab(store, { attempts: 1 });
    const [plain, urgent] = [lab.message({ id: 'plain' }), lab.message({ id: 'urgent', to: '7' })];
    const letter = { ...deadLetterOf(plain), data: 'no\u0000t {"JSON', enqueuedAt: '12' };
    await lab.settle(plain, await lab.grant(plain), 'spent', { final: EXHAUSTED, letter });
    const urgently = { ...deadLetterOf(urgent), priority: 3 };
    await lab.settle(urgent, await lab.grant(urgent), 'spent', { final: EXHAUSTED, letter: urgently });
    expect([await lab.replay(plain), await lab.replay(urgent)]).toEqual(['replayed', 'replayed']);
    const queue = lab.base.slice(0, -'ledger'.length);
    const job = `${plain.jobId}:#2`;
    expect(await store.redis.lrange(`${queue}wait`, 0, -1)).toEqual([job]);
    expect(await store.redis.zrange(`${queue}prioritized`, '0', '-1')).toEqual([`${urgent.jobId}:#2`]);
    expect(await store.redis.hgetall(`${queue}${job}`)).toEqual({
      name: 'message',
      data: letter.data,
      opts: '{}',
      timestamp: '12',
      'herald:due': '1700000000000',
      delay: '0',
      priority: '0',
    });
    expect(originalJobId(job)).toBe(plain.jobId);
  });

  it('sends nothing when proof of delivery came in since', async () => {
    const lab = await openLab(store);
    const message = lab.message();
    const grant = await lab.grant(message);
    await lab.settle(message, grant, 'doubt', { final: UNCONFIRMED });
    await lab.deliver(message, grant);
    expect(await lab.letter(message)).toBeUndefined();
    expect(await lab.verdict(message)).toMatchObject({ kind: 'known', final: SENT });
  });

  it('leaves a message alone that is under way', async () => {
    const lab = await openLab(store);
    const message = await exhausted(lab);
    const letter = (await lab.letter(message))!;
    // A letter of an older life, and another job of its name is on its way.
    await lab.elapse(9 * DAY);
    const again = lab.message({ id: message.id });
    const grant = await lab.grant({ ...again, expiresAt: again.expiresAt + 20 * DAY });
    expect(await lab.replay(message)).toBe('active');
    expect(await lab.letter(message)).toMatchObject({ name: letter.name });
    expect(await lab.deliver(again, grant)).toMatchObject({ status: 'first', run: 1 });
    // It was delivered, and its name is taken for a day.
    expect(await lab.replay(message)).toBe('duplicate');
    await lab.elapse(DAY);
    expect(await lab.replay(message)).toBe('replayed');
    expect((await lab.explain(message)).record).toMatchObject({ run: 2 });
  });

  it('leaves the letter while another message of its id waits, and both are delivered', async () => {
    const lab = await openLab(store, { quota: false });
    const message = await exhausted(lab);
    await lab.elapse(DAY);
    const again = await enqueuedAgain(lab, message);
    expect(await lab.replay(message)).toBe('duplicate');
    await lab.settle(again, await lab.grant(again), 'spent');
    expect(await lab.replay(message)).toBe('duplicate');
    await lab.deliver(again, await lab.grant(again));
    await lab.elapse(DAY);
    expect(await lab.replay(message)).toBe('replayed');
    await lab.deliver(message, await lab.grant(message));
    expect((await lab.receipts()).map(({ run, state }) => [run, state])).toEqual([
      ['1', 'dead'],
      ['1', 'delivered'],
      ['2', 'delivered'],
    ]);
  });

  it('leaves the letter while a message of its id waits that came without a record', async () => {
    const lab = await openLab(store, { quota: false });
    const message = await exhausted(lab);
    await lab.elapse(DAY);
    const again = lab.message({ id: message.id });
    await lab.settle(again, await lab.grant(again), 'spent');
    expect(await lab.replay(message)).toBe('duplicate');
    expect(await lab.letter(message)).toMatchObject({ run: 1 });
  });

  it('begins one run of two letters of an id, and leaves the other letter', async () => {
    const lab = await openLab(store, { quota: false });
    const message = await exhausted(lab);
    await lab.elapse(DAY);
    const again = await enqueuedAgain(lab, message);
    await lab.settle(again, await lab.grant(again), 'spent', { final: EXHAUSTED });
    await lab.elapse(DAY);
    const letters = [(await lab.letter(message))!, (await lab.letter(again))!];
    expect(await replayListed(lab.store, letters)).toEqual(['replayed', 'duplicate']);
    expect(await lab.letter(again)).toMatchObject({ run: 1 });
  });

  it('meets the slot: taken by its own doubtful send until the window’s end', async () => {
    const lab = await openLab(store);
    const message = lab.message();
    await lab.settle(message, await lab.grant(message), 'doubt', { final: UNCONFIRMED });
    await lab.replay(message);
    expect(await lab.verdict(message)).toMatchObject({ kind: 'quota' });
    await lab.elapse(DAY);
    expect(await lab.grant(message)).toMatchObject({ run: 2, attempt: 1, doubt: false });
  });

  it('meets the slot: spent by another message meanwhile', async () => {
    const lab = await openLab(store);
    const message = await exhausted(lab);
    const other = lab.message();
    await lab.deliver(other, await lab.grant(other));
    await lab.replay(message);
    expect(await lab.verdict(message)).toMatchObject({ kind: 'quota' });
  });

  it('meets its expiry', async () => {
    const lab = await openLab(store);
    const message = await exhausted(lab);
    await lab.elapse(7 * DAY);
    await lab.replay(message);
    expect(await lab.verdict(message)).toEqual({ kind: 'expired' });
  });

  it('counts on although the record is gone', async () => {
    const lab = await openLab(store);
    const message = await exhausted(lab);
    for (const run of [2, 3, 4]) {
      await lab.elapse(9 * DAY);
      expect((await lab.explain(message)).record).toBeNull();
      expect(await lab.replay(message)).toBe('replayed');
      expect((await lab.explain(message)).record).toMatchObject({ run });
      const { nonce } = await lab.admit(message);
      await lab.settle(message, { nonce }, 'none', { final: EXHAUSTED });
    }
    expect((await lab.receipts()).map(({ run }) => run)).toEqual(['1', '2', '3', '4']);
  });

  it('leaves a letter of which only the beginning was kept', async () => {
    const lab = await openLab(store);
    const message = lab.message();
    const letter = { ...deadLetterOf(message), size: 200_000_000 };
    await lab.settle(message, await lab.grant(message), 'spent', { final: EXHAUSTED, letter });
    expect(await lab.replay(message)).toBe('cut');
    expect(await lab.letter(message)).toMatchObject({ size: 200_000_000 });
  });

  it('and a purge leave nothing behind of a letter', async () => {
    const lab = await openLab(store, { quota: false });
    const [one, two] = [await exhausted(lab), await exhausted(lab)];
    const letter = (await lab.letter(one))!;
    expect(await purgeListed(lab.store, [letter, letter])).toEqual([true, false]);
    expect(await lab.replay(two)).toBe('replayed');
    expect(await store.redis.keys(`${lab.base}:letters*`)).toEqual([]);
  });

  it('counts on from the last run when a message dies again', async () => {
    const lab = await openLab(store);
    const message = await exhausted(lab);
    for (const run of [2, 3]) {
      expect(await lab.replay(message)).toBe('replayed');
      expect((await lab.explain(message)).record).toMatchObject({ run });
      await lab.settle(message, await lab.grant(message), 'spent', { final: EXHAUSTED });
    }
    expect(await lab.receipts()).toHaveLength(3);
  });

  it('of a letter that nobody admitted starts from its record, too', async () => {
    const lab = await openLab(store);
    const message = lab.message();
    const final = { state: 'dead', reason: 'stalled' } as const;
    await lab.settle(message, { nonce: newNonce() }, 'none', { final });
    expect(await lab.replay(message)).toBe('replayed');
  });
});
