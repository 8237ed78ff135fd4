import { beforeEach, describe, expect, it } from 'vitest';
import { cancelMessage, rescheduleMessage } from '../../src/jobs/control.ts';
import { newCampaignJobId } from '../../src/jobs/job-ids.ts';
import {
  type CampaignState,
  createCampaign,
  finishListing,
  listChunk,
  readCampaign,
  setCampaignState,
} from '../../src/ledger/campaigns.ts';
import { newNonce } from '../../src/ledger/names.ts';
import type { LedgerMessage } from '../../src/ledger/types.ts';
import type { FinalState } from '../../src/outcome.ts';
import { DAY, deadLetterOf, EXHAUSTED, type Lab, openLab, repeating, SENT, useStore } from './harness.ts';

const store = useStore();
let lab: Lab;
beforeEach(async () => {
  lab = await openLab(store, { quota: false });
  await createCampaign(lab.store, { id: 'spring', message: '{}' });
});

const CANCELLED: FinalState = { state: 'suppressed', reason: 'cancelled' };

/** As many recipients in one job; their messages as a worker reads them. */
async function list(count: number, first = 1): Promise<LedgerMessage[]> {
  const jobId = newCampaignJobId('spring', count);
  const chunk = { id: 'spring', jobId, priority: 0, dueAt: undefined, digest: jobId, count, data: '{}' };
  expect(await listChunk(lab.store, chunk)).toBe('listed');
  return Array.from({ length: count }, (_, i) =>
    lab.message({ campaign: 'spring', to: String(first + i), jobId: `${jobId}:${i}` }),
  );
}

const state = async (): Promise<CampaignState> => (await readCampaign(lab.store, 'spring'))!;

/** { waiting, under way, duplicate, ended: { "state/reason": count }, replayed }, once they add up. */
async function counts(): Promise<object> {
  const { listed, waiting, underWay, duplicate, ends, replayed } = await state();
  const ended = Object.fromEntries(ends.map((end) => [`${end.state}/${end.reason}`, end.count]));
  expect(waiting + underWay + duplicate + ends.reduce((sum, { count }) => sum + count, 0)).toBe(listed);
  return { waiting, underWay, duplicate, ended, replayed };
}

const NONE = { waiting: 0, underWay: 0, duplicate: 0, ended: {}, replayed: 0 };

const dies = (message: LedgerMessage, by: { nonce: string }) =>
  lab.settle(message, by, 'spent', { final: EXHAUSTED, letter: deadLetterOf(message) });
const ends = (message: LedgerMessage, final: FinalState) =>
  lab.settle(message, { nonce: newNonce() }, 'none', { final });

describe('the counts of a campaign', () => {
  it('have no message under way whose record cannot be written, however often it is asked for', async () => {
    const [message] = await list(1);
    for (let ask = 1; ask <= 2; ask++)
      await expect(lab.admit(message!, 'short')).rejects.toThrow('too short');
    expect(await counts()).toEqual({ ...NONE, waiting: 1 });
  });

  it('follow each message to its end', async () => {
    const [first, second, third] = await list(3);
    const grant = await lab.grant(first!);
    const other = await lab.grant(second!);
    expect(await counts()).toEqual({ ...NONE, waiting: 1, underWay: 2 });
    await lab.deliver(first!, grant);
    await dies(second!, other);
    await ends(third!, { state: 'suppressed', reason: 'ineligible' });
    await finishListing(lab.store, 'spring');
    expect(await counts()).toEqual({
      ...NONE,
      ended: { 'delivered/sent': 1, 'dead/exhausted': 1, 'suppressed/ineligible': 1 },
    });
    expect(await state()).toMatchObject({ state: 'done', perMinute: 18 });
    expect((await lab.receipts()).map(({ campaign }) => campaign)).toEqual(['spring', 'spring', 'spring']);
  });

  it('have a message under way once, however often it is tried, and while it waits for its slot', async () => {
    const [tried, waits] = await list(2);
    for (let attempt = 1; attempt <= 2; attempt++) {
      await lab.settle(tried!, await lab.grant(tried!), 'spent');
      await lab.settle(waits!, { nonce: newNonce() }, 'none');
    }
    expect(await counts()).toEqual({ ...NONE, underWay: 2 });
    await lab.deliver(waits!, await lab.grant(waits!));
    await lab.deliver(tried!, await lab.grant(tried!));
    expect(await counts()).toEqual({ ...NONE, ended: { 'delivered/sent': 2 } });
  });

  it('are those of one call where its answer was lost', async () => {
    const unsure = lab.ledgerOn(repeating(store.redis));
    const [message] = await list(1);
    const { verdict } = await unsure.admit(message!);
    expect(await counts()).toEqual({ ...NONE, underWay: 1 });
    const { nonce } = verdict.kind === 'granted' ? verdict.grant : { nonce: '' };
    const settlement = { message: message!, nonce, effect: 'delivered', final: SENT } as const;
    expect(await unsure.settle(settlement)).toMatchObject({ status: 'first' });
    expect(await counts()).toEqual({ ...NONE, ended: { 'delivered/sent': 1 } });
  });

  it('are those of all that was done where a call fails half way', async () => {
    const [good, bad] = await list(2);
    const grants = [await lab.grant(good!), await lab.grant(bad!)];
    await store.redis.set(lab.store.keys.deadLetters, 'garbage');
    const settled = await Promise.allSettled([lab.deliver(good!, grants[0]!), dies(bad!, grants[1]!)]);
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(await counts()).toEqual({ ...NONE, underWay: 1, ended: { 'delivered/sent': 1 } });
  });

  it('have a recipient of two jobs once, and once as a duplicate however often its job is run', async () => {
    const [first] = await list(1);
    const [second] = await list(1);
    const nonce = newNonce();
    await lab.deliver(first!, await lab.grant(first!));
    for (let run = 1; run <= 3; run++) {
      expect((await lab.admit(second!, nonce)).verdict).toMatchObject({ kind: 'duplicate' });
    }
    expect(await counts()).toEqual({ ...NONE, duplicate: 1, ended: { 'delivered/sent': 1 } });
    // Long after, too: an id of another kind may be used again a day after its end.
    await lab.elapse(3 * DAY);
    expect(await lab.verdict(second!)).toMatchObject({ kind: 'duplicate' });
    expect(await counts()).toMatchObject({ duplicate: 1 });
  });

  it('have the later of two that end at the same time as the duplicate', async () => {
    const [first] = await list(1);
    const [second] = await list(1);
    const expired = { state: 'suppressed', reason: 'expired' } as const;
    const settled = await Promise.all([ends(first!, expired), ends(second!, expired)]);
    expect(settled.map(({ status }) => status)).toEqual(['first', 'known']);
    expect(await counts()).toEqual({ ...NONE, duplicate: 1, ended: { 'suppressed/expired': 1 } });
    expect(await lab.receipts()).toHaveLength(1);
  });

  it('tell the positions of one job from each other', async () => {
    const once = await list(20);
    const twice = await list(20);
    for (const message of once) await ends(message, CANCELLED);
    for (const message of [...twice, ...twice.toReversed()]) await lab.verdict(message);
    expect(await counts()).toEqual({ ...NONE, duplicate: 20, ended: { 'suppressed/cancelled': 20 } });
  });

  it('are of first runs: the end of a replay is counted apart', async () => {
    const [message] = await list(1);
    await dies(message!, await lab.grant(message!));
    expect(await lab.replay(message!)).toBe('replayed');
    const replayed = { ...message!, uncounted: true } as const;
    await lab.deliver(replayed, await lab.grant(replayed));
    expect(await counts()).toEqual({ ...NONE, ended: { 'dead/exhausted': 1 }, replayed: 1 });
    expect((await lab.receipts()).map(({ run, campaign }) => `${run} ${campaign}`)).toEqual([
      '1 spring',
      '2 spring',
    ]);
  });

  it('have a recipient of two jobs as a duplicate, also where one of them ends the replay of the other', async () => {
    const [first] = await list(1);
    const [second] = await list(1);
    await dies(first!, await lab.grant(first!));
    await lab.replay(first!);
    await lab.deliver(second!, await lab.grant(second!));
    // The job of the first is run again, and so is its replay.
    expect(await lab.verdict(first!)).toMatchObject({ kind: 'duplicate' });
    expect(await counts()).toEqual({ ...NONE, duplicate: 1, ended: { 'dead/exhausted': 1 }, replayed: 1 });
  });

  it('leave out a message that was not listed', async () => {
    const replayed = { ...lab.message({ campaign: 'spring', to: '7' }), uncounted: true } as const;
    await lab.deliver(replayed, await lab.grant(replayed));
    expect(await counts()).toEqual({ ...NONE, replayed: 1 });
  });

  it('do not bring back a campaign that is gone', async () => {
    const [message] = await list(1);
    const grant = await lab.grant(message!);
    await store.redis.del(lab.store.keys.campaign('spring'));
    await lab.deliver(message!, grant);
    expect(await readCampaign(lab.store, 'spring')).toBeUndefined();
    expect(await store.redis.exists(lab.store.keys.campaign('spring'))).toBe(0);
    expect(await lab.receipts()).toMatchObject([{ campaign: 'spring' }]);
  });
});

describe('a campaign that is paused', () => {
  it('is granted nothing, and goes on when it is resumed', async () => {
    const [message, other] = await list(2);
    const grant = await lab.grant(message!);
    await setCampaignState(lab.store, 'spring', 'pause');
    expect(await lab.verdict(other!)).toEqual({ kind: 'paused' });
    // What is in flight ends.
    expect(await lab.deliver(message!, grant)).toMatchObject({ status: 'first' });
    expect(await counts()).toEqual({ ...NONE, waiting: 1, ended: { 'delivered/sent': 1 } });
    await setCampaignState(lab.store, 'spring', 'resume');
    await lab.deliver(other!, await lab.grant(other!));
    expect(await counts()).toEqual({ ...NONE, ended: { 'delivered/sent': 2 } });
  });

  it('holds no other message', async () => {
    await setCampaignState(lab.store, 'spring', 'pause');
    await lab.grant(lab.message({ to: '33' }));
  });

  it('expires', async () => {
    await setCampaignState(lab.store, 'spring', 'pause');
    const message = lab.message({ campaign: 'spring', expiresInMs: -1 });
    expect(await lab.verdict(message)).toEqual({ kind: 'expired' });
  });

  it('lets a send in doubt be resolved', async () => {
    const [message] = await list(1);
    await lab.settle(message!, await lab.grant(message!), 'doubt');
    await setCampaignState(lab.store, 'spring', 'pause');
    expect(await lab.verdict(message!)).toEqual({ kind: 'unconfirmed' });
  });
});

describe('a campaign that is cancelled', () => {
  it('ends each of its messages once, as cancelled', async () => {
    const messages = await list(3);
    const grant = await lab.grant(messages[0]!);
    await setCampaignState(lab.store, 'spring', 'cancel');
    await lab.deliver(messages[0]!, grant);
    for (const message of messages.slice(1)) {
      expect(await lab.verdict(message)).toEqual({ kind: 'withdrawn' });
      expect(await ends(message, CANCELLED)).toMatchObject({ status: 'first' });
      expect(await lab.verdict(message)).toMatchObject({ kind: 'known', final: CANCELLED });
    }
    expect(await counts()).toEqual({
      ...NONE,
      ended: { 'delivered/sent': 1, 'suppressed/cancelled': 2 },
    });
    expect(await state()).toMatchObject({ state: 'cancelled' });
  });

  it('lets a send in doubt be resolved', async () => {
    const [message] = await list(1);
    await lab.settle(message!, await lab.grant(message!), 'doubt');
    await setCampaignState(lab.store, 'spring', 'cancel');
    expect(await lab.verdict(message!)).toEqual({ kind: 'unconfirmed' });
  });
});

describe('a replay of a campaign’s dead letter', () => {
  it.each(['pause', 'cancel'] as const)(
    'is an order of its own, which a %s does not reach',
    async (control) => {
      const [message] = await list(1);
      await dies(message!, await lab.grant(message!));
      await setCampaignState(lab.store, 'spring', control);
      expect(await lab.replay(message!)).toBe('replayed');
      const replayed = { ...message!, uncounted: true } as const;
      await lab.deliver(replayed, await lab.grant(replayed));
      expect(await counts()).toEqual({ ...NONE, ended: { 'dead/exhausted': 1 }, replayed: 1 });
    },
  );

  it('is cancelled where its recipient is', async () => {
    const message = lab.message({ campaign: 'spring', to: '7' });
    await list(1);
    expect(await cancelMessage(lab.store, message.id)).toBe('cancelled');
    expect(await lab.verdict({ ...message, uncounted: true })).toEqual({ kind: 'withdrawn' });
  });
});

describe('the cancel of one recipient', () => {
  const cancel = ({ id }: LedgerMessage) => cancelMessage(lab.store, id);

  it('is met by the first admission, and counted there', async () => {
    const [message, other] = await list(2);
    expect(await cancel(message!)).toBe('cancelled');
    expect(await cancel(message!)).toBe('cancelled');
    expect(await lab.receipts()).toEqual([]);
    expect(await counts()).toEqual({ ...NONE, waiting: 2 });
    const later = (await store.now()) + DAY;
    expect(await rescheduleMessage(lab.store, message!.id, later)).toEqual({ status: 'too_late' });
    expect(await lab.verdict(message!)).toEqual({ kind: 'withdrawn' });
    expect(await ends(message!, CANCELLED)).toMatchObject({ status: 'first' });
    expect(await cancel(message!)).toBe('cancelled');
    await lab.grant(other!);
    expect(await counts()).toEqual({ ...NONE, underWay: 1, ended: { 'suppressed/cancelled': 1 } });
    expect(await lab.receipts()).toHaveLength(1);
  });

  it('holds where it comes between the verdict of a waiting message and its settlement', async () => {
    const [message] = await list(1);
    expect(await cancel(message!)).toBe('cancelled');
    await lab.settle(message!, { nonce: newNonce() }, 'none');
    expect(await lab.verdict(message!)).toEqual({ kind: 'withdrawn' });
    await ends(message!, CANCELLED);
    expect(await counts()).toEqual({ ...NONE, ended: { 'suppressed/cancelled': 1 } });
  });

  it('ends one that waits at once, and its job meets the end', async () => {
    const [message] = await list(1);
    await lab.settle(message!, await lab.grant(message!), 'spent');
    expect(await cancel(message!)).toBe('cancelled');
    expect(await counts()).toEqual({ ...NONE, ended: { 'suppressed/cancelled': 1 } });
    expect(await lab.receipts()).toMatchObject([{ campaign: 'spring', reason: 'cancelled', attempts: '1' }]);
    expect(await lab.verdict(message!)).toMatchObject({ kind: 'cancelled' });
    expect(await lab.verdict(message!)).toMatchObject({ kind: 'known' });
    const [again] = await list(1);
    expect(await lab.verdict(again!)).toMatchObject({ kind: 'duplicate' });
    expect(await counts()).toEqual({ ...NONE, duplicate: 1, ended: { 'suppressed/cancelled': 1 } });
  });

  it('is too late for one that is in flight, and unknown where nothing is left of the campaign', async () => {
    const [message] = await list(1);
    const grant = await lab.grant(message!);
    expect(await cancel(message!)).toBe('too_late');
    await lab.deliver(message!, grant);
    await finishListing(lab.store, 'spring');
    expect(await cancel(lab.message({ campaign: 'spring', to: '99' }))).toBe('unknown');
    expect(await cancel(lab.message({ campaign: 'none' }))).toBe('unknown');
  });

  it('writes nothing where all are cancelled', async () => {
    const [message] = await list(1);
    await setCampaignState(lab.store, 'spring', 'cancel');
    expect(await cancel(message!)).toBe('cancelled');
    expect((await lab.explain(message!)).record).toBeNull();
  });

  it('of a message that is only called like one of a campaign counts nothing', async () => {
    const { id } = lab.message({ campaign: 'spring', to: '5' });
    const message = lab.message({ id });
    await lab.settle(message, await lab.grant(message), 'spent');
    expect(await cancel(message)).toBe('cancelled');
    expect(await counts()).toEqual(NONE);
    expect((await lab.receipts())[0]).not.toHaveProperty('campaign');
  });

  it('of a replay counts as its end', async () => {
    const [message] = await list(1);
    await dies(message!, await lab.grant(message!));
    await lab.replay(message!);
    expect(await cancel(message!)).toBe('cancelled');
    expect(await counts()).toEqual({ ...NONE, ended: { 'dead/exhausted': 1 }, replayed: 1 });
  });
});
