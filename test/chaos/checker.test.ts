import { describe, expect, it } from 'vitest';
import type { Breach, History, Times } from '../../chaos/breach.ts';
import { channelOf } from '../../chaos/channels.ts';
import { check, separate } from '../../chaos/checker.ts';
import { type Forgetting, unforgotten } from '../../chaos/forgetting.ts';
import { answersKept } from '../../chaos/in-time.ts';
import { rolloutWindows } from '../../chaos/rollout-windows.ts';
import type { Receipt } from '../../src/receipts/receipts.ts';
import type { SandboxCall } from '../../src/sandbox/index.ts';
import { call, historyOf, receipt, START, WINDOW_MS } from './history.ts';

/** The checker must be able to find a broken promise. */

function breaches(history: Partial<History> & { acknowledged?: ReadonlySet<string> }): Breach['kind'][] {
  const receipts = history.receipts ?? [];
  const acknowledged = history.acknowledged ?? new Set(receipts.map(({ id }) => id));
  const deadLetters = history.deadLetters ?? new Set(receipts.map(({ id }) => id));
  return check(historyOf({ ...history, receipts, acknowledged, deadLetters })).map(({ kind }) => kind);
}

describe('the check of a run', () => {
  it('finds nothing in a run that kept its promise: a repetition of one message is none', () => {
    const calls = [
      call('kongregate-1', 0),
      call('kongregate-1', 100, 'daily_limit'),
      call('kongregate-2', WINDOW_MS),
    ];
    expect(breaches({ calls, receipts: [receipt('kongregate-1'), receipt('kongregate-2')] })).toEqual([]);
  });

  it('keeps apart what was written later than the guarantee allows', () => {
    const calls = [call('kongregate-1', 0), call('kongregate-2', 10), call('kongregate-3', 20)];
    const found = check(historyOf({ calls }));
    expect(separate(found, () => false)).toEqual({ breaches: found, beyond: [], forgotten: [] });
    const byFailover = separate(
      found,
      () => false,
      ({ id }) => id === 'kongregate-3',
    );
    expect(byFailover.forgotten.map(({ id }) => id)).toEqual(['kongregate-3']);
    const { breaches, beyond } = separate(
      found,
      (_, { at }, id) => id === 'kongregate-3' && at === START + 20,
    );
    expect(breaches.map(({ id }) => id)).toEqual(['kongregate-2']);
    expect(beyond.map(({ id }) => id)).toEqual(['kongregate-3']);
  });

  it('finds what has no final state, or a run of it', () => {
    expect(breaches({ acknowledged: new Set(['kongregate-1']) })).toEqual(['lost']);
    const dead = { state: 'dead', reason: 'exhausted' } as const;
    expect(
      breaches({ receipts: [receipt('a-1', { ...dead, run: 3 }), receipt('a-1', { ...dead, run: 1 })] }),
    ).toEqual(['lost']);
  });

  it('finds what died and left no letter: a replay lost it, or it was never buried', () => {
    const receipts = [receipt('kongregate-1', { state: 'dead', reason: 'exhausted' })];
    expect(breaches({ receipts })).toEqual([]);
    expect(breaches({ receipts, deadLetters: new Set() })).toEqual(['lost']);
    const again = [...receipts, receipt('kongregate-1', { run: 2 })];
    expect(breaches({ receipts: again, deadLetters: new Set(), calls: [call('kongregate-1', 0)] })).toEqual(
      [],
    );
    // Proof came after its death: nothing is left to bury.
    const doubtful = [receipt('kongregate-1', { state: 'dead', reason: 'unconfirmed' })];
    expect(
      breaches({ receipts: doubtful, deadLetters: new Set(), calls: [call('kongregate-1', 0)] }),
    ).toEqual([]);
  });

  it('finds what is called undelivered and arrived, unless it is called a doubt', () => {
    const calls = [call('kongregate-1', 0)];
    const called = (fields: Partial<Receipt>) =>
      breaches({ calls, receipts: [receipt('kongregate-1', fields)] });
    expect(called({ state: 'suppressed', reason: 'quota' })).toEqual(['denied']);
    expect(called({ state: 'dead', reason: 'exhausted' })).toEqual(['denied']);
    expect(called({ state: 'dead', reason: 'unconfirmed' })).toEqual([]);
  });

  it('finds two final states of one run', () => {
    const receipts = [receipt('kongregate-1'), receipt('kongregate-1', { reason: 'presumed' })];
    expect(breaches({ receipts, calls: [call('kongregate-1', 0)] })).toEqual(['two_final_states']);
  });

  it('finds a second message in a calendar window, also when the platform refused it', () => {
    const first = call('kongregate-1', 0);
    expect(breaches({ calls: [first, call('kongregate-2', 1)] })).toEqual(['second_message']);
    expect(breaches({ calls: [first, call('kongregate-2', 1, 'daily_limit')] })).toEqual(['second_message']);
    expect(breaches({ calls: [first, call('kongregate-2', 1, 'accepted', '22')] })).toEqual([]);
    expect(breaches({ calls: [first, call('kongregate-2', 1, 'not_played')] })).toEqual([]);
  });

  it('finds one within the length of a rolling window', () => {
    const channel = channelOf('rolling');
    const windowMs = channel.rule.kind === 'rolling' ? channel.rule.windowMs : 0;
    const calls = (apart: number): SandboxCall[] => [call('rolling-1', 0), call('rolling-2', apart)];
    expect(breaches({ channel, calls: calls(windowMs - 1) })).toEqual(['second_message']);
    expect(breaches({ channel, calls: calls(windowMs) })).toEqual([]);
  });

  it('finds a message that arrived twice, whatever the windows', () => {
    const twice = [call('kongregate-1', 0), call('kongregate-1', WINDOW_MS)];
    expect(breaches({ calls: twice })).toEqual(['arrived_twice']);
    expect(
      breaches({ channel: channelOf('forum'), calls: [call('forum-1', 0), call('forum-1', 1)] }),
    ).toEqual(['arrived_twice']);
  });

  it('finds what is called delivered and never arrived', () => {
    const refused = [call('kongregate-1', 0, 'unknown_user')];
    expect(breaches({ calls: refused, receipts: [receipt('kongregate-1', { reason: 'presumed' })] })).toEqual(
      ['never_arrived'],
    );
  });

  it('finds what arrived before its time, and what ended with time left', () => {
    const times = (fields: Partial<Times>) =>
      new Map([['kongregate-1', { expiresAt: START + 3 * WINDOW_MS, defers: false, ...fields }]]);
    const calls = [call('kongregate-1', 10)];
    expect(breaches({ calls, times: times({ sendAt: START + 11 }) })).toEqual(['early']);
    expect(breaches({ calls, times: times({ sendAt: START + 10 }) })).toEqual([]);
    const ended = (reason: string, fields: Partial<Times>, at = START) =>
      breaches({
        receipts: [receipt('kongregate-1', { state: 'suppressed', reason, at })],
        times: times(fields),
      });
    expect(ended('expired', {})).toEqual(['ended_early']);
    expect(ended('expired', {}, START + 3 * WINDOW_MS)).toEqual([]);
    expect(ended('quota', { defers: true })).toEqual(['ended_early']);
    expect(ended('quota', { defers: false })).toEqual([]);
    expect(ended('quota', { defers: true }, START + 2 * WINDOW_MS)).toEqual([]);
  });

  it('finds an answer that was thrown away, unless the worker itself had none', () => {
    const receipts = [receipt('chat-1', { state: 'dead', reason: 'unconfirmed' })];
    const history = (fields: Partial<SandboxCall> = {}): History =>
      historyOf({ channel: channelOf('chat'), calls: [{ ...call('chat-1', 0), ...fields }], receipts });
    const kinds = (found: readonly Breach[]) => found.map(({ kind }) => kind);
    expect(kinds(answersKept(history(), START, new Set()))).toEqual(['answer_thrown_away']);
    expect(answersKept(history({ fault: 'reset' }), START, new Set())).toEqual([]);
    expect(answersKept(history(), START, new Set(['chat chat-1 1']))).toEqual([]);
    // Before, workers were killed with the answers that they had.
    expect(answersKept(history(), START + 1, new Set())).toEqual([]);
  });
});

describe('a store that was made to forget', () => {
  const channel = channelOf('kongregate');
  const forgetting = (receipts: Receipt[], fields: Partial<Forgetting> = {}): Forgetting => ({
    ...{ kind: 'FLUSHALL', at: START + 100, deadLettersAt: START + 90, deadLetters: new Map() },
    ...{ receipts: new Map([[channel.name, receipts]]), ...fields },
  });
  const known = (before: Receipt[], after: Receipt[]) =>
    unforgotten(channel, [forgetting(before)], { receipts: after, deadLetters: new Set() }).receipts.map(
      ({ state, reason }) => `${state}/${reason}`,
    );
  const delivered = receipt('a-1');
  const dropped = receipt('a-1', { state: 'suppressed', reason: 'quota' });

  it('is rule by what it held, and may be told the same end again', () => {
    expect(known([delivered], [])).toEqual(['delivered/sent']);
    expect(known([delivered], [delivered])).toEqual(['delivered/sent']);
  });

  it('may end otherwise what had not arrived, and nothing that had', () => {
    expect(known([dropped], [delivered])).toEqual(['delivered/sent']);
    expect(known([delivered], [dropped])).toEqual(['delivered/sent', 'suppressed/quota']);
  });

  it('hides no second end within what it held, nor within what it has', () => {
    expect(known([delivered, delivered], [])).toHaveLength(2);
    expect(known([], [delivered, delivered])).toHaveLength(2);
  });

  it('does not deny what is sent once its end is forgotten', () => {
    const now = { receipts: [], deadLetters: new Set<string>() };
    const { receipts } = unforgotten(channel, [forgetting([dropped])], now);
    expect(breaches({ receipts, calls: [call('a-1', 50)] })).toEqual(['denied']);
    expect(breaches({ receipts, calls: [call('a-1', 150)] })).toEqual([]);
  });

  it('takes dead letters along, but only of what died before', () => {
    const dead = (id: string, at: number) =>
      receipt(id, { state: 'dead', reason: 'exhausted', at: START + at });
    const deadLetters = new Map([[channel.name, new Set(['a-1'])]]);
    const before = [dead('a-1', 0), dead('a-2', 0), dead('a-3', 95)];
    const { deadLetters: all } = unforgotten(channel, [forgetting(before, { deadLetters })], {
      receipts: [dead('a-4', 200)],
      deadLetters: new Set(),
    });
    // The second had none when they were read; the third died between that and the flush.
    expect([...all]).toEqual(['a-1', 'a-3']);
  });
});

describe('a quota that is changed by a deployment', () => {
  const channel = channelOf('moving');
  const version = (windowMs: number, at: number) => ({ channel, windowMs, at: START + at });
  // Windows end at 40 s and 80 s before, at 60 s after.
  const deployed = [version(40_000, 0), version(60_000, 30_000)];
  const found = (...calls: SandboxCall[]) =>
    rolloutWindows([historyOf({ channel, calls })], deployed).map(({ id }) => id);
  const sent = (number: number, at: number, recipient = '21') =>
    call(`moving-${number}`, at, 'accepted', recipient);

  it('holds at one moment for everybody', () => {
    expect(found(sent(1, 39_000), sent(2, 41_000))).toEqual([]);
    expect(found(sent(1, 59_000), sent(2, 61_000))).toEqual([]);
    const old = [sent(3, 39_000, '22'), sent(4, 41_000, '22')];
    const young = [sent(1, 59_000), sent(2, 61_000)];
    expect(found(...old, ...young)).toEqual([]);
  });

  it('is broken by workers of both kinds side by side', () => {
    // By the old policy until 81 s at least, and by the new one from 61 s on at the latest.
    const old = [sent(3, 79_000, '22'), sent(4, 81_000, '22')];
    const young = [sent(1, 59_000), sent(2, 61_000)];
    expect(found(...old, ...young)).toHaveLength(1);
    expect(found(sent(1, 10_000), sent(2, 20_000))).toEqual(['moving-2']);
  });

  it('counts for an account that goes by another name', () => {
    expect(found(sent(1, 10_000), { ...sent(2, 20_000), content: 'This is moved-2 for you' })).toEqual([
      'moved-2',
    ]);
  });
});
