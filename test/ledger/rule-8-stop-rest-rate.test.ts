import { describe, expect, it } from 'vitest';
import {
  openBreaker,
  readChannelState,
  resumeChannel,
  resumeWithCredentials,
  stopChannel,
} from '../../src/ledger/channel-state.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { newNonce } from '../../src/ledger/names.ts';
import type { Grant } from '../../src/ledger/types.ts';
import { DAY, HOUR, type Lab, MINUTE, openLab, SECOND, useStore } from './harness.ts';

const store = useStore();
let recipients = 0;
const anybody = (lab: Lab) => lab.message({ to: `player-${++recipients}` });

describe('rule 8: stop', () => {
  it('holds for every message, new or in doubt, until somebody resumes the channel', async () => {
    const lab = await openLab(store, { resolution: 'resend' });
    const doubtful = anybody(lab);
    await lab.settle(doubtful, await lab.grant(doubtful), 'doubt');
    await stopChannel(lab.store, 'paused');
    await lab.elapse(HOUR);
    for (const message of [doubtful, anybody(lab)]) {
      expect(await lab.verdict(message)).toEqual({ kind: 'stopped', reason: 'paused' });
    }
    expect(await resumeChannel(lab.store)).toBe(true);
    expect(await resumeChannel(lab.store)).toBe(false);
    await lab.grant(anybody(lab));
  });

  it('leaves slots, plays and attempts untouched', async () => {
    const lab = await openLab(store);
    await stopChannel(lab.store, 'credentials');
    const message = anybody(lab);
    await lab.verdict(message);
    expect(await lab.explain(message)).toMatchObject({ record: null, slot: null, play: null });
  });

  it.each(['credentials', 'sender'] as const)(
    'for refused %s ends with a start with others, and not with the same',
    async (reason) => {
      const lab = await openLab(store, { credentials: 'old' });
      const message = anybody(lab);
      await lab.settle(message, await lab.grant(message), 'waived', { stop: { reason } });
      expect(await readChannelState(lab.store)).toMatchObject({
        stopped: { reason, at: expect.any(Number) },
      });
      expect(await resumeWithCredentials(lab.store, 'old')).toBe(false);
      expect(await lab.verdict(message)).toEqual({ kind: 'stopped', reason });
      expect(await resumeWithCredentials(lab.store, 'new')).toBe(true);
      expect(await lab.grant(message)).toMatchObject({ attempt: 2, spent: 1 });
    },
  );

  it('for a sender who may not write ends by hand as well', async () => {
    const lab = await openLab(store);
    await stopChannel(lab.store, 'sender');
    expect(await resumeChannel(lab.store)).toBe(true);
    await lab.grant(anybody(lab));
  });

  it('by hand does not end with other credentials', async () => {
    const lab = await openLab(store);
    await stopChannel(lab.store, 'paused');
    expect(await resumeWithCredentials(lab.store, 'new')).toBe(false);
  });

  it.each(['the pause', 'the refusal'])(
    'by hand and for credentials are two facts, %s first',
    async (first) => {
      const lab = await openLab(store, { credentials: 'old' });
      const message = anybody(lab);
      const grant = await lab.grant(message);
      if (first === 'the pause') await stopChannel(lab.store, 'paused');
      await lab.settle(message, grant, 'waived', { stop: { reason: 'credentials' } });
      if (first === 'the refusal') await stopChannel(lab.store, 'paused');
      expect(await lab.verdict(message)).toEqual({ kind: 'stopped', reason: 'paused' });
      expect(await resumeWithCredentials(lab.store, 'old')).toBe(false);
      expect(await resumeWithCredentials(lab.store, 'new')).toBe(true);
      expect(await lab.verdict(message)).toEqual({ kind: 'stopped', reason: 'paused' });
      expect(await resumeChannel(lab.store)).toBe(true);
      await lab.grant(message);
    },
  );
});

const rest = (lab: Lab, ms: number) =>
  lab.settle(anybody(lab), { nonce: newNonce() }, 'none', { rest: { reason: 'rate_limited', ms } });

describe('rule 8: rest', () => {
  it('holds for all workers for as long as the platform asked, and then ends by itself', async () => {
    const lab = await openLab(store);
    await rest(lab, 30 * SECOND);
    const { verdict } = await lab.ledgerOn(store.redis).admit(anybody(lab));
    expect(verdict).toEqual({
      kind: 'resting',
      reason: 'rate_limited',
      cause: 'platform_rate',
      waitMs: expect.any(Number),
    });
    expect((verdict as { waitMs: number }).waitMs).toBeGreaterThan(29 * SECOND);
    await lab.elapse(30 * SECOND);
    await lab.grant(anybody(lab));
  });

  it('the longer of two rests holds, whichever came first', async () => {
    for (const order of [
      [MINUTE, SECOND],
      [SECOND, MINUTE],
    ]) {
      const lab = await openLab(store);
      for (const ms of order) await rest(lab, ms);
      const { resting, now } = await readChannelState(lab.store);
      expect(resting!.until - now).toBeGreaterThan(59 * SECOND);
      expect(resting!.until - now).toBeLessThanOrEqual(MINUTE);
    }
  });
});

describe('rule 8: a store whose clock was set back', () => {
  const ahead = async (lab: Lab, field: string, ms: number) =>
    store.redis.hset(`${lab.base}:channel`, field, (await store.now()) + ms);

  it('does not wait for a rate that is further ahead than any grant takes it', async () => {
    const lab = await openLab(store, { interval: 100 });
    await ahead(lab, 'tat', HOUR);
    const [first, second] = await Promise.all([lab.grant(anybody(lab)), lab.grant(anybody(lab))]);
    expect([first.waitMs, second.waitMs]).toEqual([0, 100]);
  });

  it('does not wait for the end of a rest that no rest reaches', async () => {
    const lab = await openLab(store);
    await rest(lab, 30 * SECOND);
    await ahead(lab, 'restUntil', DAY + MINUTE);
    expect(await readChannelState(lab.store)).toMatchObject({ resting: null });
    await lab.grant(anybody(lab));
    await rest(lab, 30 * SECOND);
    expect(await lab.verdict(anybody(lab))).toMatchObject({ kind: 'resting', reason: 'rate_limited' });
  });

  it('rests for a day at most, whatever the platform asks', async () => {
    const lab = await openLab(store);
    await rest(lab, 30 * DAY);
    await lab.elapse(DAY - MINUTE);
    expect(await lab.verdict(anybody(lab))).toMatchObject({ kind: 'resting' });
    await lab.elapse(MINUTE);
    await lab.grant(anybody(lab));
  });

  it('does not wait for a probe that no grant lasts as long as', async () => {
    const lab = await openLab(store);
    await openBreaker(lab.store, SECOND, 0);
    await lab.elapse(SECOND);
    await ahead(lab, 'probeUntil', HOUR);
    await lab.grant(anybody(lab));
  });
});

describe('rule 8: the breaker', () => {
  const unanswered = async (lab: Lab, grant?: Grant, message = anybody(lab)) =>
    lab.settle(message, grant ?? (await lab.grant(message)), 'spent', { health: 'down' });

  it('counts requests in a row without an answer; an answer begins the count anew', async () => {
    const lab = await openLab(store);
    expect(await unanswered(lab)).toMatchObject({ failures: 1, opens: 0 });
    expect(await unanswered(lab)).toMatchObject({ failures: 2, opens: 0 });
    await lab.deliver(anybody(lab), { nonce: newNonce() });
    expect(await unanswered(lab)).toMatchObject({ failures: 1, opens: 0 });
  });

  it('opens once for a series, however many workers say so', async () => {
    const lab = await openLab(store);
    const opened = await Promise.all([1, 2, 3].map(() => openBreaker(lab.store, MINUTE, 0)));
    expect(opened.filter(Boolean)).toHaveLength(1);
    await lab.elapse(2 * MINUTE);
    expect(await openBreaker(lab.store, HOUR, 0)).toBe(false);
    expect(await lab.verdict(anybody(lab))).toMatchObject({ kind: 'granted' });
  });

  it('lets all rest, burns no attempts, and sends a single probe afterwards', async () => {
    const lab = await openLab(store, { lease: 10 * SECOND });
    await openBreaker(lab.store, 30 * SECOND, 0);
    const message = anybody(lab);
    expect(await lab.verdict(message)).toMatchObject({ kind: 'resting', reason: 'breaker_open' });
    await lab.elapse(30 * SECOND);
    const verdicts = await Promise.all([message, anybody(lab), anybody(lab)].map(lab.verdict));
    expect(verdicts[0]).toMatchObject({ kind: 'granted', grant: { attempt: 1 } });
    for (const verdict of verdicts.slice(1)) {
      expect(verdict).toEqual({ kind: 'resting', reason: 'breaker_open', cause: 'breaker', waitMs: 1000 });
    }
  });

  it('closes when the probe is answered', async () => {
    const lab = await openLab(store);
    await openBreaker(lab.store, SECOND, 0);
    await lab.elapse(SECOND);
    const probe = anybody(lab);
    await lab.deliver(probe, await lab.grant(probe));
    await Promise.all([1, 2, 3].map(() => lab.grant(anybody(lab))));
    expect(await unanswered(lab)).toMatchObject({ failures: 1, opens: 0 });
  });

  it.each([
    ['released: nothing was sent', 'back', {}],
    ['unsendable', 'spent', { final: { state: 'dead', reason: 'bad_request' } }],
  ] as const)('sends another probe at once when the first was %s', async (_, effect, more) => {
    const lab = await openLab(store);
    await openBreaker(lab.store, SECOND, 0);
    await lab.elapse(SECOND);
    const probe = anybody(lab);
    await lab.settle(probe, await lab.grant(probe), effect, more);
    await lab.grant(anybody(lab));
    expect(await lab.verdict(anybody(lab))).toMatchObject({ kind: 'resting', reason: 'breaker_open' });
  });

  it('hears nothing of a settlement that came too late to change anything', async () => {
    const lab = await openLab(store, { resolution: 'resend' });
    const message = anybody(lab);
    const grant = await lab.grant(message);
    await unanswered(lab, grant, message);
    const wait = { cause: 'retry', untilMs: (await store.now()) + MINUTE, since: 1 } as const;
    const again = await lab.settle(message, grant, 'spent', { health: 'down', wait });
    expect(again).toMatchObject({ status: 'stale', failures: 1 });
    expect((await readChannelState(lab.store)).waits).toEqual({});
  });

  it('is open while it rests, half open with a probe on its way or to come, and closed by an answer', async () => {
    const lab = await openLab(store, { lease: 10 * SECOND });
    const state = async () => {
      const { breaker, probing } = await readChannelState(lab.store);
      return `${breaker}${probing ? ', probing' : ''}`;
    };
    expect(await state()).toBe('closed');
    await openBreaker(lab.store, SECOND, 0);
    expect(await state()).toBe('open');
    await lab.elapse(SECOND);
    expect(await state()).toBe('half_open');
    const probe = anybody(lab);
    const grant = await lab.grant(probe);
    expect(await state()).toBe('half_open, probing');
    await unanswered(lab, grant, probe);
    expect(await state()).toBe('half_open');
    await openBreaker(lab.store, SECOND, 1);
    expect(await state()).toBe('open');
    await lab.elapse(SECOND);
    const next = anybody(lab);
    await lab.deliver(next, await lab.grant(next));
    expect(await state()).toBe('closed');
  });

  it('is open for the whole of its rest, though a request of before is answered', async () => {
    const lab = await openLab(store, { lease: 10 * SECOND });
    const slow = anybody(lab);
    const grant = await lab.grant(slow);
    await openBreaker(lab.store, SECOND, 0);
    await lab.deliver(slow, grant);
    expect(await lab.verdict(anybody(lab))).toMatchObject({ kind: 'resting', reason: 'breaker_open' });
    expect(await readChannelState(lab.store)).toMatchObject({ breaker: 'open', probing: false });
    await lab.elapse(SECOND);
    expect(await readChannelState(lab.store)).toMatchObject({ breaker: 'closed', resting: null });
  });

  it('tells a failed probe how often it opened, and opens again', async () => {
    const lab = await openLab(store);
    await openBreaker(lab.store, SECOND, 0);
    await lab.elapse(SECOND);
    expect(await unanswered(lab)).toMatchObject({ opens: 1 });
    expect(await openBreaker(lab.store, 2 * SECOND, 1)).toBe(true);
    expect(await lab.verdict(anybody(lab))).toMatchObject({ kind: 'resting', reason: 'breaker_open' });
    await lab.elapse(2 * SECOND);
    expect(await unanswered(lab)).toMatchObject({ opens: 2 });
  });

  it('sends another probe when the first one’s worker is never heard of again', async () => {
    const lab = await openLab(store, { lease: 10 * SECOND });
    await openBreaker(lab.store, SECOND, 0);
    await lab.elapse(SECOND);
    await lab.grant(anybody(lab));
    await lab.elapse(9 * SECOND);
    expect(await lab.verdict(anybody(lab))).toMatchObject({ kind: 'resting' });
    await lab.elapse(SECOND);
    await lab.grant(anybody(lab));
  });

  it('is ended by a resume', async () => {
    const lab = await openLab(store);
    await openBreaker(lab.store, HOUR, 0);
    await resumeChannel(lab.store);
    await Promise.all([1, 2].map(() => lab.grant(anybody(lab))));
    expect(await readChannelState(lab.store)).toMatchObject({ resting: null });
  });
});

describe('rule 8: the rate', () => {
  it('spaces grants evenly, up to a second ahead; beyond that the queue rests', async () => {
    const lab = await openLab(store, { interval: 250, ahead: SECOND });
    const verdicts = await Promise.all(Array.from({ length: 7 }, () => lab.verdict(anybody(lab))));
    const waits = verdicts.map((verdict) =>
      verdict.kind === 'granted' ? verdict.grant.waitMs : verdict.kind,
    );
    expect(waits).toEqual([0, 250, 500, 750, 1000, 'resting', 'resting']);
    expect(verdicts[5]).toEqual({ kind: 'resting', reason: 'rate_limited', cause: 'own_rate', waitMs: 750 });
  });

  it('takes a token for each request that a message makes', async () => {
    const lab = await openLab(store, { interval: 250, ahead: 2 * SECOND });
    const of = (requests: 1 | 2) => ({ ...anybody(lab), requests });
    const grants = await Promise.all([of(2), of(1), of(2), of(2)].map((message) => lab.grant(message)));
    expect(grants.map(({ waitMs }) => waitMs)).toEqual([0, 500, 750, 1250]);
  });

  it('takes no token for a message that is refused', async () => {
    const lab = await openLab(store, { interval: 250 });
    const message = anybody(lab);
    await lab.deliver(message, await lab.grant(message));
    const [over, next] = await Promise.all([
      lab.verdict(lab.message({ to: `player-${recipients}` })),
      lab.grant(anybody(lab)),
    ]);
    expect(over).toMatchObject({ kind: 'quota' });
    expect(next.waitMs).toBeLessThanOrEqual(250);
  });

  it('holds no slot for a message that has to rest', async () => {
    const lab = await openLab(store, { interval: 10 * SECOND });
    await lab.grant(anybody(lab));
    const message = anybody(lab);
    expect(await lab.verdict(message)).toMatchObject({ kind: 'resting', reason: 'rate_limited' });
    expect(await lab.explain(message)).toMatchObject({ record: null, slot: null });
  });

  it('is shared by all workers and saves nothing up while idle', async () => {
    const lab = await openLab(store, { interval: 500 });
    await lab.grant(anybody(lab));
    await lab.elapse(HOUR);
    const others = [lab.ledger, lab.ledgerOn(store.redis), lab.ledgerOn(store.redis)];
    const verdicts = [];
    for (const ledger of others) verdicts.push((await ledger.admit(anybody(lab))).verdict);
    const waits = verdicts.map((verdict) => (verdict.kind === 'granted' ? verdict.grant.waitMs : -1));
    expect(waits[0]).toBe(0);
    expect(waits[1]).toBeGreaterThan(400);
    expect(waits[2]).toBeGreaterThan(900);
  });

  it('is spaced for the worker whose requests may be the latest, for as long as these count', async () => {
    const spacing = { interval: 100, widen: 2, keep: 10 * SECOND };
    const lab = await openLab(store, { ...spacing, ahead: 5 * SECOND });
    const usual = lab.ledger;
    const busy = lab.ledgerOn(store.redis, { widen: 20 });
    const moments: number[] = [];
    const between = async (...ledgers: Ledger[]): Promise<number[]> => {
      const from = moments.length;
      for (const ledger of ledgers) {
        const { verdict } = await ledger.admit(anybody(lab));
        if (verdict.kind === 'granted') moments.push(verdict.grant.deadlineAt);
      }
      return moments.slice(from).map((moment, i, own) => Math.round(moment - (own[i - 1] ?? moment)));
    };
    expect(await between(usual, usual, busy, usual, usual)).toEqual([0, 102, 102, 120, 120]);
    await lab.elapse(8 * SECOND);
    expect(await between(usual, busy, usual)).toEqual([0, 120, 120]);
    await lab.elapse(8 * SECOND);
    expect(await between(usual, usual)).toEqual([0, 120]);
    await lab.elapse(8 * SECOND);
    expect(await between(usual, usual)).toEqual([0, 102]);
  });

  it('does not stay wide for a worker whose store has set its clock back', async () => {
    const lab = await openLab(store, { interval: 100, widen: 2, keep: 10 * SECOND });
    await store.redis.hset(`${lab.base}:channel`, { widen: 50, widenUntil: (await store.now()) + HOUR });
    const grants = await Promise.all([1, 2].map(() => lab.grant(anybody(lab))));
    expect(grants.map(({ waitMs }) => waitMs)).toEqual([0, 102]);
  });

  it('is not spaced for what a worker needed whose rate was another', async () => {
    const lab = await openLab(store, { interval: 100, widen: 2, keep: HOUR });
    await store.redis.hset(`${lab.base}:channel`, { widen: 500, widenUntil: (await store.now()) + MINUTE });
    const grants = await Promise.all([1, 2].map(() => lab.grant(anybody(lab))));
    expect(grants.map(({ waitMs }) => waitMs)).toEqual([0, 102]);
  });

  it('is not exceeded by a worker that spaces closer than the one before, whose send took two', async () => {
    const spacing = { interval: 400, widen: 0, keep: MINUTE };
    const lab = await openLab(store, spacing);
    const [before, after] = [lab.ledgerOn(store.redis, { interval: 464 }), lab.ledger];
    const grants: Grant[] = [];
    for (const ledger of [before, before, after]) {
      const { verdict } = await ledger.admit({ ...lab.present(anybody(lab)), requests: 2 });
      if (verdict.kind === 'granted') grants.push(verdict.grant);
    }
    expect(grants.map(({ waitMs }) => Math.round(waitMs / 100))).toEqual([0, 9]);
  });

  it('keeps intervals of a fraction of a millisecond', async () => {
    const lab = await openLab(store, { interval: 0.4, lease: MINUTE });
    const grants = await Promise.all(Array.from({ length: 100 }, () => lab.grant(anybody(lab))));
    expect(grants.at(-1)!.waitMs).toBe(40);
  });
});
