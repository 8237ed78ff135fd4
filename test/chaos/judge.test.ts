import { describe, expect, it } from 'vitest';
import type { Breach, Evidence } from '../../chaos/breach.ts';
import { judge, separate } from '../../chaos/judge.ts';
import { LANES, type Lane } from '../../chaos/lanes.ts';
import type { Receipt } from '../../src/observe/receipts.ts';
import type { SandboxCall } from '../../src/sandbox/index.ts';

/** The judge of a run must be able to find it guilty. */

const laneOf = (name: string): Lane => LANES.find((lane) => lane.name === name) as Lane;
const WINDOW_MS = 60_000;
const START = 100 * WINDOW_MS;

const call = (id: string, at: number, result = 'accepted', recipient = '21'): SandboxCall => ({
  ...{ at: START + at, platform: 'kongregate', recipient, result },
  content: `This is ${id} for you`,
});
const receipt = (id: string, fields: Partial<Receipt> = {}): Receipt => ({
  ...{ entry: '1-0', v: 1, id, run: 1, state: 'delivered', reason: 'sent', at: START, attempts: 1 },
  ...fields,
});

function breaches(evidence: Partial<Evidence> & { acknowledged?: ReadonlySet<string> }): Breach['kind'][] {
  const receipts = evidence.receipts ?? [];
  const acknowledged = evidence.acknowledged ?? new Set(receipts.map(({ id }) => id));
  const letters = evidence.letters ?? new Set(receipts.map(({ id }) => id));
  return judge({ lane: laneOf('kongregate'), calls: [], ...evidence, receipts, acknowledged, letters }).map(
    ({ kind }) => kind,
  );
}

describe('the judge of a run', () => {
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
    const nothing = { receipts: [], acknowledged: new Set<string>(), letters: new Set<string>() };
    const found = judge({ lane: laneOf('kongregate'), calls, ...nothing });
    expect(separate(found, () => false)).toEqual({ breaches: found, beyond: [] });
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
    expect(breaches({ receipts, letters: new Set() })).toEqual(['lost']);
    const again = [...receipts, receipt('kongregate-1', { run: 2 })];
    expect(breaches({ receipts: again, letters: new Set(), calls: [call('kongregate-1', 0)] })).toEqual([]);
    // Proof came after its death: nothing is left to bury.
    const doubtful = [receipt('kongregate-1', { state: 'dead', reason: 'unconfirmed' })];
    expect(breaches({ receipts: doubtful, letters: new Set(), calls: [call('kongregate-1', 0)] })).toEqual(
      [],
    );
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
    const lane = laneOf('rolling');
    const windowMs = lane.judged.kind === 'rolling' ? lane.judged.windowMs : 0;
    const calls = (apart: number): SandboxCall[] => [call('rolling-1', 0), call('rolling-2', apart)];
    expect(breaches({ lane, calls: calls(windowMs - 1) })).toEqual(['second_message']);
    expect(breaches({ lane, calls: calls(windowMs) })).toEqual([]);
  });

  it('finds a message that arrived twice, whatever the windows', () => {
    const twice = [call('kongregate-1', 0), call('kongregate-1', WINDOW_MS)];
    expect(breaches({ calls: twice })).toEqual(['arrived_twice']);
    expect(breaches({ lane: laneOf('forum'), calls: [call('forum-1', 0), call('forum-1', 1)] })).toEqual([
      'arrived_twice',
    ]);
  });

  it('finds what is called delivered and never arrived', () => {
    const refused = [call('kongregate-1', 0, 'unknown_user')];
    expect(breaches({ calls: refused, receipts: [receipt('kongregate-1', { reason: 'presumed' })] })).toEqual(
      ['never_arrived'],
    );
  });
});
