import { describe, expect, it } from 'vitest';
import { replayListed } from '../../src/dead-letters/records.ts';
import { newNonce } from '../../src/ledger/names.ts';
import type { Grant, LedgerMessage, Verdict } from '../../src/ledger/types.ts';
import { planVerdict } from '../../src/policies/verdict-plan.ts';
import {
  DAY,
  EXHAUSTED,
  HOUR,
  type Lab,
  MINUTE,
  openLab,
  SECOND,
  SENT,
  UNCONFIRMED,
  useStore,
} from './harness.ts';

const store = useStore();
const rivals = (lab: Lab, count: number): LedgerMessage[] =>
  Array.from({ length: count }, () => lab.message());
const granted = (verdicts: Verdict[]): Grant[] =>
  verdicts.flatMap((verdict) => (verdict.kind === 'granted' ? [verdict.grant] : []));

describe('invariant 1: at most one send per recipient and window is unresolved or delivered', () => {
  it('of fifty messages at the same instant from two workers, one is granted', async () => {
    const lab = await openLab(store);
    const [here, there] = [lab.ledger, lab.ledgerOn(store.redis)];
    const admitted = await Promise.all(
      rivals(lab, 50).map((message, i) => (i % 2 === 0 ? here : there).admit(message)),
    );
    expect(granted(admitted.map(({ verdict }) => verdict))).toHaveLength(1);
  });

  it.each([
    ['under way', async () => {}],
    ['delivered', async (lab: Lab, message: LedgerMessage, grant: Grant) => lab.deliver(message, grant)],
    [
      'unknown',
      async (lab: Lab, message: LedgerMessage, grant: Grant) => lab.settle(message, grant, 'doubt'),
    ],
    ['past its deadline', async (lab: Lab) => lab.elapse(11 * SECOND)],
    ['forgotten by its owner', async (lab: Lab) => lab.elapse(HOUR)],
  ])('while the send is %s, no other is granted', async (_, bring) => {
    const lab = await openLab(store);
    const message = lab.message();
    await bring(lab, message, await lab.grant(message));
    for (const rival of rivals(lab, 3)) expect(granted([await lab.verdict(rival)])).toEqual([]);
  });
});

describe('invariant 2: every run ends in exactly one final state, by its expiry at the latest', () => {
  /** What the pipeline does with a verdict, at the message's expiry. */
  async function atExpiry(lab: Lab, message: LedgerMessage): Promise<string[]> {
    for (let look = 0; look < 3; look++) {
      const { verdict, nonce } = await lab.admit(message);
      if (verdict.kind === 'granted') throw new Error('nothing may be sent past the expiry');
      const { final } = planVerdict(verdict, {
        onQuota: 'defer',
        expiresInMs: 0,
        pickups: 1,
        random: () => 0,
      });
      if (final) await lab.settle(message, { nonce }, 'none', { final });
    }
    return (await lab.receipts())
      .filter(({ id }) => id === message.id)
      .map(({ state, reason }) => `${state}/${reason}`);
  }

  it.each<[string, (lab: Lab, message: LedgerMessage) => Promise<unknown>, string]>([
    ['was never looked at', async () => {}, 'suppressed/expired'],
    [
      'failed before',
      async (lab, message) => lab.settle(message, await lab.grant(message), 'spent'),
      'suppressed/expired',
    ],
    [
      'is in doubt',
      async (lab, message) => lab.settle(message, await lab.grant(message), 'doubt'),
      'dead/unconfirmed',
    ],
    ['was under way when its worker died', async (lab, message) => lab.grant(message), 'dead/unconfirmed'],
    ['waits for another’s slot', async (lab) => lab.grant(lab.message()), 'suppressed/expired'],
    [
      'was delivered',
      async (lab, message) => lab.deliver(message, await lab.grant(message)),
      'delivered/sent',
    ],
  ])('a message that %s', async (_, bring, expected) => {
    for (const resolution of ['keep', 'resend', 'presume', 'confirm'] as const) {
      const lab = await openLab(store, { resolution });
      const message = lab.message({ expiresInMs: HOUR });
      await bring(lab, message);
      await lab.elapse(HOUR);
      expect([resolution, ...(await atExpiry(lab, message))]).toEqual([resolution, expected]);
    }
  });

  it('a stop or a rest holds no message beyond its expiry', async () => {
    const lab = await openLab(store);
    const message = lab.message({ expiresInMs: HOUR });
    const marks = { stop: { reason: 'paused' }, rest: { reason: 'rate_limited', ms: DAY } } as const;
    await lab.settle(lab.message(), { nonce: newNonce() }, 'none', marks);
    await lab.elapse(HOUR);
    expect(await atExpiry(lab, message)).toEqual(['suppressed/expired']);
  });
});

describe('invariant 3: a known failure without doubt gives its slot back', () => {
  it.each([
    ['failed', 'spent', {}],
    ['throttled', 'waived', {}],
    ['rejected', 'spent', { final: { state: 'dead', reason: 'bad_recipient' } }],
    ['out of attempts', 'spent', { final: EXHAUSTED }],
    ['released', 'back', {}],
  ] as const)('%s', async (_, effect, more) => {
    const lab = await openLab(store);
    const message = lab.message();
    await lab.settle(message, await lab.grant(message), effect, more);
    expect((await lab.explain(message)).slot).toBeNull();
    await lab.grant(lab.message());
  });
});

describe('invariant 4: a redelivered or replayed message meets its own record', () => {
  it('redelivered while its send is under way: waits', async () => {
    const lab = await openLab(store);
    const message = lab.message();
    await lab.grant(message);
    expect(await lab.verdict(message)).toMatchObject({ kind: 'busy', slot: false });
  });

  it('redelivered after a failure: the next attempt, in its own slot', async () => {
    const lab = await openLab(store);
    const message = lab.message();
    await lab.settle(message, await lab.grant(message), 'spent');
    expect(await lab.grant(message)).toMatchObject({ attempt: 2 });
  });

  it('redelivered after its end, days later: the same end', async () => {
    const lab = await openLab(store);
    const message = lab.message();
    await lab.deliver(message, await lab.grant(message));
    await lab.elapse(3 * DAY);
    expect(await lab.verdict(message)).toMatchObject({ kind: 'known', final: SENT });
  });

  it('replayed after proof of its delivery: known', async () => {
    const lab = await openLab(store);
    const message = lab.message();
    const grant = await lab.grant(message);
    await lab.settle(message, grant, 'doubt', { final: UNCONFIRMED });
    const letter = (await lab.letter(message))!;
    await lab.deliver(message, grant);
    expect(await replayListed(lab.store, [letter])).toEqual(['gone']);
    expect(await lab.verdict(message)).toMatchObject({ kind: 'known', final: SENT });
  });
});

describe('invariant 5: an unknown send keeps its slot until it is resolved or taken', () => {
  it.each(['confirm', 'presume', 'keep', 'resend'] as const)('%s', async (resolution) => {
    const lab = await openLab(store, { resolution, patience: 10 * MINUTE });
    const message = lab.message();
    await lab.settle(message, await lab.grant(message), 'doubt');
    for (let minute = 0; minute < 10; minute++) {
      expect((await lab.explain(message)).slot).toMatchObject({ state: 'h', own: true });
      expect(await lab.verdict(lab.message())).toMatchObject({ kind: 'busy' });
      await lab.elapse(59 * SECOND);
    }
    await lab.elapse(MINUTE);
    expect(await lab.verdict(lab.message())).toMatchObject({ kind: 'quota' });
    expect((await lab.explain(message)).slot).toMatchObject({ state: 't', own: true });
  });
});

describe('invariant 6: never two unexpired grants for a slot', () => {
  it.each(['confirm', 'presume', 'keep', 'resend'] as const)(
    'neither the message itself nor another gets a second one (%s)',
    async (resolution) => {
      const lab = await openLab(store, { resolution, lease: 10 * SECOND });
      const message = lab.message();
      await lab.grant(message);
      for (let i = 0; i < 9; i++) {
        const verdicts = await Promise.all([message, lab.message(), message].map(lab.verdict));
        expect(granted(verdicts)).toEqual([]);
        await lab.elapse(SECOND);
      }
    },
  );
});
