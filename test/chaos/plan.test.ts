import { describe, expect, it } from 'vitest';
import { planMessages } from '../../chaos/messages.ts';
import { planFaults } from '../../chaos/plan.ts';
import { STEPS } from '../../chaos/steps.ts';
import { seededRandom } from '../../src/sandbox/seeded-random.ts';

const ASKED = { kills: 300, outages: 30, minutes: 20 };
const clock = { now: () => 0 };

describe('the plan of a run', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(planFaults(ASKED, seededRandom(1))).toEqual(planFaults(ASKED, seededRandom(1)));
    expect(planFaults(ASKED, seededRandom(2))).not.toEqual(planFaults(ASKED, seededRandom(1)));
    const messages = (seed: number) => [
      ...planMessages({ messages: 500, spanMs: 60_000 }, { random: seededRandom(seed), clock }),
    ];
    expect(messages(1)).toEqual(messages(1));
    expect(messages(2)).not.toEqual(messages(1));
  });

  it('has as many kills and outages as were asked for, in the order of time, deaths at every step among them', () => {
    const plan = planFaults(ASKED, seededRandom(1));
    const kills = plan.filter((fault) => fault.kind === 'kill');
    expect(kills).toHaveLength(300);
    expect(new Set(kills.map(({ at }) => at))).toEqual(new Set([undefined, ...STEPS]));
    expect(plan.filter(({ kind }) => kind === 'outage')).toHaveLength(30);
    expect(plan).toEqual(plan.toSorted((a, b) => a.atMs - b.atMs));
    expect(plan.at(-1)?.atMs).toBeLessThan(20 * 60_000);
  });

  it('gives every message a name of its own, and lets several meet at a player', () => {
    const orders = [
      ...planMessages({ messages: 5_000, spanMs: 60_000 }, { random: seededRandom(1), clock }),
    ].filter((order) => order.kind === 'message');
    expect(new Set(orders.map(({ id }) => id)).size).toBe(orders.length);
    const players = orders
      .filter(({ lane }) => lane.name === 'kongregate')
      .map(({ message }) => JSON.stringify(message.to));
    expect(new Set(players).size).toBeLessThan(players.length / 2);
  });
});
