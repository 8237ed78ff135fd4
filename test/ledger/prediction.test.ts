import { describe, expect, it } from 'vitest';
import { createCampaign, setCampaignState } from '../../src/ledger/campaigns.ts';
import { stopChannel } from '../../src/ledger/channel-state.ts';
import { recordPlays } from '../../src/ledger/lookups.ts';
import { jobKey } from '../../src/ledger/names.ts';
import { predictVerdict, predictVerdicts } from '../../src/ledger/prediction.ts';
import type { LedgerMessage, Verdict } from '../../src/ledger/types.ts';
import type { AdmissionPolicy } from '../../src/policies/admission.ts';
import { DAY, HOUR, type Lab, MINUTE, openLab, SECOND, useStore } from './harness.ts';

const store = useStore();
const CHECKED = { playedWithin: 14 * DAY, playTtl: 28 * DAY };

type Setup = (lab: Lab, message: LedgerMessage) => Promise<unknown>;

async function predict(lab: Lab, message: LedgerMessage, inMs = 0): Promise<Verdict> {
  const at = (await store.now()) + inMs;
  return await predictVerdict(lab.store, { message, policy: lab.policy(at), at });
}

/** Everything that lies under the channel's keys. */
async function contents(lab: Lab): Promise<Record<string, string>> {
  const keys = (await store.redis.keys(`${lab.base}*`)).sort();
  const dumps = await Promise.all(keys.map((key) => store.redis.dumpBuffer(key)));
  const ends = await Promise.all(keys.map((key) => store.redis.pexpiretime(key)));
  return Object.fromEntries(keys.map((key, i) => [key, `${dumps[i]?.toString('base64')} ${ends[i]}`]));
}

const CASES: [string, Partial<AdmissionPolicy>, Setup][] = [
  ['a first send', {}, async () => {}],
  ['a slot that is held', {}, async (lab) => lab.grant(lab.message())],
  [
    'a slot that is sent',
    {},
    async (lab) => {
      const rival = lab.message();
      await lab.deliver(rival, await lab.grant(rival));
    },
  ],
  [
    'a slot whose owner died',
    {},
    async (lab) => {
      await lab.grant(lab.message());
      await lab.elapse(HOUR);
    },
  ],
  ['its own send under way', {}, (lab, message) => lab.grant(message)],
  [
    'a doubt that is to be asked for',
    { resolution: 'confirm' },
    async (lab, message) => {
      await lab.settle(message, await lab.grant(message), 'doubt');
      await lab.elapse(2 * MINUTE);
    },
  ],
  [
    'a doubt that is kept',
    {},
    async (lab, message) => lab.settle(message, await lab.grant(message), 'doubt'),
  ],
  [
    'a lapsed player, whose play is renewed',
    CHECKED,
    async (lab, message) => {
      const play = { recipient: message.recipient, at: (await store.now()) - 20 * DAY };
      await recordPlays(lab.store, [play], CHECKED.playTtl);
      await lab.elapse(15 * DAY);
    },
  ],
  ['an unknown player', { ...CHECKED, sendWhenUnknown: false }, async () => {}],
  ['no attempt left', { attempts: 0 }, async () => {}],
  ['a rate', { interval: SECOND }, async () => {}],
];

describe('a prediction', () => {
  it.each(CASES)('is what admission then answers, and writes nothing: %s', async (_, policy, setUp) => {
    const lab = await openLab(store, policy);
    const message = lab.message({ expiresInMs: 90 * DAY });
    await setUp(lab, message);
    const present = lab.present(message);
    const before = await contents(lab);
    const predicted = await predict(lab, present);
    expect(await contents(lab)).toEqual(before);
    const verdict = await lab.verdict(message);
    expect(predicted.kind).toBe(verdict.kind);
    if (predicted.kind === 'granted' && verdict.kind === 'granted')
      expect([predicted.grant.kind, predicted.grant.attempt]).toEqual([
        verdict.grant.kind,
        verdict.grant.attempt,
      ]);
  });

  it('looks ahead: a message expires, a slot comes free, a deadline passes', async () => {
    const lab = await openLab(store);
    const short = lab.message({ expiresInMs: HOUR });
    expect(await predict(lab, short, 2 * HOUR)).toEqual({ kind: 'expired' });
    const [winner, loser] = [lab.message({ expiresInMs: 9 * DAY }), lab.message({ expiresInMs: 9 * DAY })];
    await lab.deliver(winner, await lab.grant(winner));
    expect(await predict(lab, loser)).toMatchObject({ kind: 'quota' });
    expect(await predict(lab, loser, 2 * DAY)).toMatchObject({ kind: 'granted' });
    expect((await lab.explain(loser)).record).toBeNull();
  });

  it('looks past what holds the channel', async () => {
    const lab = await openLab(store);
    await stopChannel(lab.store, 'paused');
    expect(await predict(lab, lab.message())).toMatchObject({ kind: 'granted' });
    expect(await lab.verdict(lab.message())).toMatchObject({ kind: 'stopped' });
  });
});

it('foresees what becomes of who waits in a paused campaign, as it is and despite the pause', async () => {
  const lab = await openLab(store);
  const at = await store.now();
  await createCampaign(lab.store, {
    id: 'spring',
    message: '{"platform":"kongregate"}',
    expiresAt: at + DAY,
  });
  const message = lab.message({ campaign: 'spring' });
  await lab.settle(message, await lab.grant(message), 'spent');
  await setCampaignState(lab.store, 'spring', 'pause');
  const messages = [{ ...message, job: jobKey(message.id) }];
  const asked = { messages, policy: lab.policy(at), at };
  expect(await predictVerdicts(lab.store, asked)).toMatchObject([{ kind: 'paused' }]);
  expect(await predictVerdicts(lab.store, { ...asked, despitePause: true })).toMatchObject([
    { kind: 'granted' },
  ]);
});
