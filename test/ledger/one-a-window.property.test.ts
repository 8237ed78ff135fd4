import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Effect, Grant, Settlement } from '../../src/ledger/entries.ts';
import { planVerdict } from '../../src/policies/verdict-plan.ts';
import { type Lab, openLab, SENT, useStore } from './harness.ts';

const store = useStore();
const WINDOW_MS = 20_000;
const LEASE_MS = 1_000;

/** One step of two messages for one player. */
type Step =
  | { kind: 'admit'; message: Index }
  /** The request of the latest grant reaches the platform, or is lost before it. */
  | { kind: 'send'; message: Index; arrives: boolean }
  /** A worker tells what it knows of its latest request, or of the oldest one that it still owes: perhaps far too late. */
  | { kind: 'settle'; message: Index; answered: boolean; oldest: boolean }
  | { kind: 'elapse'; ms: number };
type Index = 0 | 1;

const message = fc.constantFrom<Index>(0, 1);
const flag = fc.boolean();
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('admit' as const), message }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('send' as const), message, arrives: flag }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('settle' as const), message, answered: flag, oldest: flag }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('elapse' as const),
      ms: fc.constantFrom(200, 700, 1_100, 4_000, 9_000),
    }),
  },
);

interface Flight {
  grant: Grant;
  /** When its deadline passes, in the time of the steps. */
  until: number;
  sent: boolean;
  result: 'arrived' | 'lost' | 'refused';
  settled: boolean;
}

/**
 * Plays the steps and keeps the books.
 * @param limits whether the platform itself refuses a second message a window, as `presume` relies on
 */
function player(lab: Lab, openedAt: number, limits: boolean) {
  const messages = [lab.message(), lab.message()] as const;
  const flights: readonly [Flight[], Flight[]] = [[], []];
  /** Who was delivered in which window, as the platform knows it. */
  const delivered = new Map<number, Index>();
  let passed = 0;

  async function admit(index: Index): Promise<void> {
    const { verdict, nonce } = await lab.admit(messages[index]);
    const now = (await store.now()) + passed;
    if (verdict.kind === 'granted') {
      // A question holds no slot: only another question or send of the same message must wait for its end.
      const asks = verdict.grant.kind === 'ask';
      const rivals = asks ? flights[index] : flights.flat().filter(({ grant }) => grant.kind === 'grant');
      for (const { settled, until } of rivals) if (!settled) expect(until).toBeLessThan(now);
      const until = verdict.grant.deadlineAt + passed;
      flights[index].push({ grant: verdict.grant, until, sent: false, result: 'lost', settled: false });
      return;
    }
    const { final } = planVerdict(verdict, { onQuota: 'defer', expiresInMs: 1e9, looks: 1, random: () => 0 });
    if (final) await lab.settle(messages[index], { nonce }, 'none', { final });
  }

  async function send(index: Index, arrives: boolean): Promise<void> {
    const flight = flights[index].at(-1);
    const now = (await store.now()) + passed;
    // Rule 4: nothing is written that could not end before the deadline.
    if (!flight || flight.sent || flight.settled || now + 50 > flight.until) return;
    flight.sent = true;
    if (!arrives || flight.grant.kind === 'ask') return;
    const window = Math.floor((now - openedAt + WINDOW_MS / 2) / WINDOW_MS);
    if (limits && delivered.has(window)) {
      // The refusal must be the proof that it is taken for: the first send of this very message arrived.
      expect(flight.grant.doubt).toBe(true);
      expect(delivered.get(window)).toBe(index);
      flight.result = 'refused';
      return;
    }
    expect(delivered.has(window)).toBe(false);
    delivered.set(window, index);
    flight.result = 'arrived';
  }

  async function settle(index: Index, answered: boolean, oldest: boolean): Promise<void> {
    const owed = flights[index].filter(({ settled }) => !settled);
    const flight = owed.at(oldest ? 0 : -1);
    if (!flight) return;
    flight.settled = true;
    const tell = (effect: Effect, more: Partial<Settlement> = {}) =>
      lab.settle(messages[index], flight.grant, effect, more);
    if (!flight.sent) await tell('back');
    else if (flight.grant.kind === 'ask') {
      const found = flights[index].some(({ result }) => result === 'arrived');
      await (found ? tell('delivered', { final: SENT }) : tell('absent'));
    } else if (!answered) await tell('doubt');
    else if (flight.result === 'lost') await tell('spent');
    else await tell('delivered', { final: SENT });
  }

  return async (each: Step): Promise<void> => {
    if (each.kind === 'admit') await admit(each.message);
    else if (each.kind === 'send') await send(each.message, each.arrives);
    else if (each.kind === 'settle') await settle(each.message, each.answered, each.oldest);
    else {
      await lab.elapse(each.ms);
      passed += each.ms;
    }
  };
}

it.each(['keep', 'confirm', 'presume'] as const)(
  'whatever two messages for a player go through, the player gets one a window (%s)',
  async (resolution) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const options = { resolution, windowMs: WINDOW_MS, lease: LEASE_MS, quiet: 500, patience: 12_000 };
        const openedAt = await store.now();
        const play = player(
          await openLab(store, { ...options, attempts: 4 }),
          openedAt,
          resolution === 'presume',
        );
        for (const each of steps) await play(each);
      }),
      { numRuns: 200 },
    );
  },
);
