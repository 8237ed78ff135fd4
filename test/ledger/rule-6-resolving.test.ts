import { describe, expect, it } from 'vitest';
import type { LedgerMessage } from '../../src/ledger/types.ts';
import {
  DAY,
  HOUR,
  type Lab,
  type LabOptions,
  MINUTE,
  openLab,
  SECOND,
  SENT,
  UNCONFIRMED,
  useStore,
} from './harness.ts';

const store = useStore();

/** A message with an unknown send, settled before its deadline (10 s). */
async function doubtful(options: LabOptions) {
  const lab = await openLab(store, options);
  const message = lab.message();
  const grant = await lab.grant(message);
  await lab.settle(message, grant, 'doubt');
  return { lab, message, grant };
}

describe('rule 6: keep', () => {
  it('never sends again: the run ends unconfirmed', async () => {
    const { lab, message } = await doubtful({ resolution: 'keep' });
    expect(await lab.verdict(message)).toEqual({ kind: 'unconfirmed' });
  });
});

describe('rule 6: resend', () => {
  it('sends again, in the same slot, as long as there are attempts', async () => {
    const { lab, message } = await doubtful({ resolution: 'resend', attempts: 2 });
    const second = await lab.grant(message);
    expect(second).toMatchObject({ attempt: 2, doubt: true });
    await lab.settle(message, second, 'doubt');
    expect(await lab.verdict(message)).toEqual({ kind: 'unconfirmed' });
  });
});

describe('rule 6: presume', () => {
  it('sends again within the window and shortly after', async () => {
    const { lab, message } = await doubtful({ resolution: 'presume' });
    await lab.elapse(5 * MINUTE);
    expect(await lab.grant(message)).toMatchObject({ kind: 'grant', attempt: 2, doubt: true });
  });

  it('not past its patience: the platform’s own day may end earlier than ours', async () => {
    const { lab, message } = await doubtful({ resolution: 'presume', patience: 10 * MINUTE });
    await lab.elapse(10 * MINUTE + SECOND);
    expect(await lab.verdict(message)).toEqual({ kind: 'unconfirmed' });
  });

  it('never across the window’s end, where a refusal would prove nothing', async () => {
    const { lab, message } = await doubtful({ resolution: 'presume', windowMs: 2 * MINUTE });
    await lab.elapse(MINUTE - 9 * SECOND);
    expect(await lab.verdict(message)).toEqual({ kind: 'unconfirmed' });
  });

  it('nor in the next window', async () => {
    const { lab, message } = await doubtful({ resolution: 'presume', windowMs: 2 * MINUTE });
    await lab.elapse(MINUTE + SECOND);
    expect(await lab.verdict(message)).toEqual({ kind: 'unconfirmed' });
  });

  it('nor past the first send’s rolling window, however late the second one was', async () => {
    const { lab, message } = await doubtful({ resolution: 'presume', rolling: 5 * MINUTE });
    await lab.elapse(4 * MINUTE);
    await lab.settle(message, await lab.grant(message), 'doubt');
    await lab.elapse(2 * MINUTE);
    expect(await lab.verdict(message)).toEqual({ kind: 'unconfirmed' });
  });

  it('not once another message has taken the slot', async () => {
    const { lab, message } = await doubtful({ resolution: 'presume', patience: MINUTE });
    // A worker with less patience than the owner's gave the slot up.
    await lab.elapse(MINUTE - SECOND);
    await store.redis.hdel(`${lab.base}:s:0`, message.recipient);
    const other = lab.message();
    await lab.grant(other);
    expect(await lab.verdict(message)).toEqual({ kind: 'unconfirmed' });
  });

  it('not beyond its attempts', async () => {
    const { lab, message } = await doubtful({ resolution: 'presume', attempts: 1 });
    expect(await lab.verdict(message)).toEqual({ kind: 'unconfirmed' });
  });

  it('takes the proof: delivered, presumed', async () => {
    const { lab, message } = await doubtful({ resolution: 'presume' });
    const final = { state: 'delivered', reason: 'presumed' } as const;
    const settled = await lab.settle(message, await lab.grant(message), 'delivered', { final });
    expect(settled).toMatchObject({ status: 'first', final, attempts: 2 });
  });
});

describe('rule 6: presume, where a refusal may have another cause', () => {
  /** The store's day turns twelve hours after the lab opens; the platform's is 24 hours, whenever it turns. */
  const daily: LabOptions = { resolution: 'presume', platformDay: DAY };
  /** A message whose first send nobody answered, and the grant to repeat it. */
  async function repeated(lab: Lab) {
    const message = lab.message();
    await lab.settle(message, await lab.grant(message), 'doubt');
    return await lab.grant(message);
  }
  const NEXT_DAY = 12 * HOUR + MINUTE;

  it('is proof for a player who was sent nothing for as long as anybody knows', async () => {
    const lab = await openLab(store, daily);
    expect(await repeated(lab)).toMatchObject({ doubt: true, refusalProves: true });
  });

  it.each([
    ['delivered to in the window before', { effect: 'delivered', final: SENT }],
    ['refused in the window before, so that somebody else writes to it', { effect: 'back', foreign: true }],
    ['left in doubt in the window before', { effect: 'doubt', final: UNCONFIRMED }],
    ['left without a word in the window before', undefined],
  ] as const)('is none for a player %s', async (_, told) => {
    const lab = await openLab(store, daily);
    await lab.elapse(11 * HOUR);
    const earlier = lab.message();
    const grant = await lab.grant(earlier);
    if (told) await lab.settle(earlier, grant, told.effect, told);
    await lab.elapse(HOUR + MINUTE);
    expect(await repeated(lab)).toMatchObject({ doubt: true, refusalProves: false });
  });

  it.each([
    // The ledger remembers by twelve minutes, rounded to the later instant.
    ['not yet', DAY - MINUTE, {}, false],
    ['when the longest day that the platform may mean is over', DAY + 13 * MINUTE, {}, true],
    ['not yet where that is configured to be longer', DAY + 13 * MINUTE, { platformDay: 25 * HOUR }, false],
    ['sooner where it is known to be shorter', 13 * HOUR, { platformDay: 12 * HOUR }, true],
  ])('is proof again %s', async (_, elapsed, longest, refusalProves) => {
    const lab = await openLab(store, { ...daily, ...longest });
    const earlier = lab.message();
    await lab.deliver(earlier, await lab.grant(earlier));
    await lab.elapse(elapsed);
    expect(await repeated(lab)).toMatchObject({ doubt: true, refusalProves });
  });

  it('remembers the last delivery through slots that were given back', async () => {
    const lab = await openLab(store, daily);
    const earlier = lab.message();
    await lab.deliver(earlier, await lab.grant(earlier));
    await lab.elapse(NEXT_DAY);
    for (let i = 0; i < 3; i++) {
      const failed = lab.message();
      await lab.settle(failed, await lab.grant(failed), 'spent');
      expect((await lab.explain(failed)).slot).toBeNull();
      await lab.elapse(2 * HOUR);
    }
    expect(await repeated(lab)).toMatchObject({ refusalProves: false });
  });

  it('forgets what failed for certain', async () => {
    const lab = await openLab(store, daily);
    const failed = lab.message();
    await lab.settle(failed, await lab.grant(failed), 'spent');
    expect(await repeated(lab)).toMatchObject({ refusalProves: true });
  });

  it('hears of a delivery that is proved late, while another message has the slot', async () => {
    const lab = await openLab(store, { ...daily, lease: 10 * SECOND });
    await lab.elapse(12 * HOUR - 11 * SECOND);
    const earlier = lab.message();
    const grant = await lab.grant(earlier);
    await lab.settle(earlier, grant, 'spent');
    await lab.elapse(12 * SECOND);
    const message = lab.message();
    await lab.settle(message, await lab.grant(message), 'doubt');
    await lab.deliver(earlier, grant);
    expect(await lab.grant(message)).toMatchObject({ doubt: true, refusalProves: false });
  });

  it('knows nothing of slots that an earlier version wrote, and takes their end for the last message', async () => {
    const lab = await openLab(store, daily);
    const earlier = lab.message();
    await lab.deliver(earlier, await lab.grant(earlier));
    const bucket = `${lab.base}:s:0`;
    const slot = await store.redis.hgetBuffer(bucket, earlier.recipient);
    await store.redis.hset(bucket, earlier.recipient, slot!.subarray(0, 18));
    expect(await lab.verdict(lab.message())).toMatchObject({ kind: 'quota' });
    await lab.elapse(DAY + 13 * MINUTE);
    expect(await repeated(lab)).toMatchObject({ refusalProves: false });
  });
});

describe('rule 6: confirm', () => {
  const options: LabOptions = { resolution: 'confirm', quiet: MINUTE, lease: 10 * SECOND, attempts: 1 };

  it('asks only after the deadline and the quiet period, however early the send ended', async () => {
    const { lab, message } = await doubtful(options);
    const early = await lab.verdict(message);
    expect(early).toMatchObject({ kind: 'busy', slot: false });
    expect((early as { waitMs: number }).waitMs).toBeGreaterThan(69 * SECOND);
    await lab.elapse(69 * SECOND);
    expect(await lab.verdict(message)).toMatchObject({ kind: 'busy' });
    await lab.elapse(2 * SECOND);
    expect(await lab.verdict(message)).toMatchObject({ kind: 'granted', grant: { kind: 'ask' } });
  });

  it('does not spend attempts on questions', async () => {
    const { lab, message } = await doubtful({ ...options, patience: HOUR });
    for (let i = 0; i < 3; i++) {
      await lab.elapse(71 * SECOND);
      const grant = await lab.grant(message);
      expect(grant).toMatchObject({ kind: 'ask', attempt: 1, doubt: true });
      expect(await lab.settle(message, grant, 'back')).toMatchObject({ status: 'doubt', attempts: 1 });
    }
  });

  it('frees the slot when the platform proves that nothing arrived, and sends again', async () => {
    const { lab, message } = await doubtful({ ...options, attempts: 2 });
    await lab.elapse(71 * SECOND);
    expect(await lab.settle(message, await lab.grant(message), 'absent')).toMatchObject({
      status: 'open',
      attempts: 1,
    });
    expect((await lab.explain(message)).slot).toBeNull();
    expect(await lab.grant(message)).toMatchObject({ kind: 'grant', attempt: 2, doubt: false });
  });

  it('is exhausted when the last of its attempts is proved not to have arrived', async () => {
    const { lab, message } = await doubtful({ ...options, attempts: 1 });
    await lab.elapse(71 * SECOND);
    await lab.settle(message, await lab.grant(message), 'absent');
    expect(await lab.verdict(message)).toEqual({ kind: 'exhausted' });
  });

  it('lets another message have the slot that was proved unused', async () => {
    const { lab, message } = await doubtful({ ...options, attempts: 2 });
    await lab.elapse(71 * SECOND);
    await lab.settle(message, await lab.grant(message), 'absent');
    await lab.grant(lab.message());
    expect(await lab.verdict(message)).toMatchObject({ kind: 'busy', slot: true });
  });

  it('takes the proof of delivery, and the slot is spent', async () => {
    const { lab, message } = await doubtful(options);
    await lab.elapse(71 * SECOND);
    const final = { state: 'delivered', reason: 'confirmed' } as const;
    expect(await lab.settle(message, await lab.grant(message), 'delivered', { final })).toMatchObject({
      status: 'first',
      final,
    });
    expect(await lab.verdict(lab.message())).toMatchObject({ kind: 'quota' });
  });

  it('asks across the window’s end, too: a question uses no slot', async () => {
    const { lab, message } = await doubtful({ ...options, windowMs: 2 * MINUTE });
    await lab.elapse(71 * SECOND);
    expect((await lab.explain(message)).slot).toBeNull();
    expect(await lab.verdict(message)).toMatchObject({ kind: 'granted', grant: { kind: 'ask' } });
  });

  it('gives up after its patience, once it was asked', async () => {
    const { lab, message } = await doubtful({ ...options, patience: 10 * MINUTE });
    await lab.elapse(71 * SECOND);
    await lab.settle(message, await lab.grant(message), 'doubt');
    await lab.elapse(9 * MINUTE);
    expect(await lab.verdict(message)).toEqual({ kind: 'unconfirmed' });
  });

  it.each([
    ['nobody was there to ask', async () => {}],
    [
      'the question went back unasked',
      async (lab: Lab, message: LedgerMessage) => {
        await lab.settle(message, await lab.grant(message), 'back');
      },
    ],
  ])('is asked past its patience where %s, for a day', async (_, before) => {
    const { lab, message } = await doubtful({ ...options, patience: 10 * MINUTE });
    await lab.elapse(71 * SECOND);
    await before(lab, message);
    await lab.elapse(11 * HOUR);
    expect(await lab.verdict(message)).toMatchObject({ kind: 'granted', grant: { kind: 'ask' } });
    await lab.elapse(14 * HOUR);
    expect(await lab.verdict(message)).toEqual({ kind: 'unconfirmed' });
  });

  it('keeps the channel’s rest and stop for its questions', async () => {
    const { lab, message, grant } = await doubtful(options);
    await lab.elapse(71 * SECOND);
    await lab.settle(message, grant, 'none', { rest: { reason: 'rate_limited', ms: MINUTE } });
    expect(await lab.verdict(message)).toMatchObject({ kind: 'resting', reason: 'rate_limited' });
  });
});

describe('rule 6: only the owner resolves', () => {
  it.each(['keep', 'resend', 'presume', 'confirm'] as const)(
    'another message for the same recipient never gets the slot meanwhile (%s)',
    async (resolution) => {
      const { lab, message, grant } = await doubtful({ resolution });
      const other = lab.message();
      for (let i = 0; i < 5; i++) {
        expect(await lab.verdict(other)).toMatchObject({ kind: 'busy', slot: true });
        await lab.elapse(100 * SECOND);
      }
      expect(await lab.deliver(message, grant)).toMatchObject({ final: SENT });
      await lab.elapse(11 * HOUR);
      expect(await lab.verdict(other)).toMatchObject({ kind: 'quota' });
      await lab.elapse(DAY);
      expect(await lab.verdict(other)).toMatchObject({ kind: 'granted' });
    },
  );
});
