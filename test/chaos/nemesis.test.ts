import { describe, expect, it } from 'vitest';
import { planMessages } from '../../chaos/messages.ts';
import { planFaults, planLosses } from '../../chaos/nemesis.ts';
import { countOf, type MessageOrder, type Order } from '../../chaos/orders.ts';
import { planVersions } from '../../chaos/rollouts.ts';
import { seededRandom } from '../../src/sandbox/seeded-random.ts';
import { STEPS } from '../../testing/failpoints.ts';

const ASKED = { kills: 300, outages: 30, minutes: 20, masterKills: 0, masterFreezes: 0, slotMoves: 0 };
const clock = { now: () => 0 };

const messagesOf = (orders: Iterable<Order>): MessageOrder[] =>
  [...orders].flatMap((order) => {
    if (order.kind === 'batch') return order.messages;
    return order.kind === 'message' ? [order] : [];
  });
const numberOf = ({ id }: MessageOrder): number => Number(id.split('-')[1]);

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
    for (const kind of [true, 'campaign'])
      expect(new Set(kills.flatMap(({ at, inMany }) => (inMany === kind ? [at] : [])))).toEqual(
        new Set(STEPS),
      );
    expect(plan.filter(({ kind }) => kind === 'outage')).toHaveLength(30);
    expect(plan).toEqual(plan.toSorted((a, b) => a.atMs - b.atMs));
    expect(plan.at(-1)?.atMs).toBeLessThan(20 * 60_000);
  });

  it('makes the store lose something in turn, in a part in which no worker is killed', () => {
    const plan = planLosses({ losses: 4 }, seededRandom(1));
    const losses = plan.flatMap((fault) => {
      if (fault.kind === 'flush') return [fault.command];
      return fault.kind === 'demotion' || fault.kind === 'full' ? [fault.kind] : [];
    });
    expect(losses).toEqual(['flushall', 'demotion', 'full', 'flushdb']);
    expect(new Set(plan.map(({ kind }) => kind))).not.toContain('kill');
    expect(planLosses({ losses: 0 }, seededRandom(1))).toEqual([]);
  });

  it('changes the quota with every deployment, and the name with the last', () => {
    const names = planVersions(3).map(({ channel, windowMs }) => `${channel.name} ${windowMs}`);
    expect(names).toEqual(['moving 40000', 'moving 60000', 'moving 40000', 'moved 60000']);
    expect(planVersions(0).map(({ channel }) => channel.name)).toEqual(['moving']);
  });

  it('gives the messages of another part other names and other people, and calls the account by its new name', () => {
    const part = { messages: 2_000, spanMs: 60_000, from: 5_000, orderly: true, movedFrom: 6_000 };
    const planned = [...planMessages(part, { random: seededRandom(1), clock })];
    expect(
      planned.filter(
        (order) => order.kind === 'garbage' || (order.kind === 'batch' && order.garbage.length > 0),
      ),
    ).toEqual([]);
    const orders = messagesOf(planned);
    const moved = orders.filter(({ channel }) => channel.name === 'moved').map(numberOf);
    const moving = orders.filter(({ channel }) => channel.name === 'moving').map(numberOf);
    expect(Math.max(...moving)).toBeLessThan(6_000);
    expect(Math.min(...moved)).toBeGreaterThanOrEqual(6_000);
    const players = (all: readonly MessageOrder[]) =>
      new Set(all.map(({ channel, message }) => `${channel.name} ${JSON.stringify(message.to)}`));
    const before = players(
      messagesOf(planMessages({ ...part, from: 0 }, { random: seededRandom(1), clock })),
    );
    expect([...players(orders)].filter((player) => before.has(player))).toEqual([]);
  });

  it('gives every message a name of its own, and lets several meet at a player', () => {
    const messages = 5_000;
    const planned = [...planMessages({ messages, spanMs: 60_000 }, { random: seededRandom(1), clock })];
    const garbage = planned.reduce((sum, order) => {
      if (order.kind === 'batch') return sum + order.garbage.length;
      return order.kind === 'garbage' ? sum + 1 : sum;
    }, 0);
    const orders = messagesOf(planned);
    expect(new Set(orders.map(({ id }) => id)).size + garbage).toBe(messages);
    const players = orders
      .filter(({ channel }) => channel.name === 'kongregate')
      .map(({ message }) => JSON.stringify(message.to));
    expect(new Set(players).size).toBeLessThan(players.length / 2);
  });

  it('sends half of them in jobs of many, of all sizes, some of them foreign, delayed, and named twice', () => {
    const messages = 20_000;
    const orders = [...planMessages({ messages, spanMs: 180_000 }, { random: seededRandom(1), clock })];
    expect(orders.reduce((sum, order) => sum + countOf(order), 0)).toBe(messages);
    const batches = orders.filter((order) => order.kind === 'batch');
    const inBatches = batches.reduce((sum, { size }) => sum + size, 0);
    expect(inBatches / messages).toBeGreaterThan(0.45);
    expect(inBatches / messages).toBeLessThan(0.55);
    const sizes = batches.map(({ size }) => size);
    expect(Math.min(...sizes)).toBeLessThan(5);
    expect(Math.max(...sizes)).toBeGreaterThan(400);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(500);
    const foreign = batches.filter(({ by }) => by === 'foreign');
    expect(foreign.length).toBeGreaterThan(0);
    const namedTwice = foreign.filter(
      ({ messages }) => new Set(messages.map(({ id }) => id)).size < messages.length,
    );
    const each = [
      namedTwice,
      foreign.filter(({ garbage }) => garbage.length > 0),
      foreign.filter(({ options }) => options.delay !== undefined),
      batches.filter(({ again }) => again),
      batches.filter(({ messages: [first] }) => first?.message.priority !== undefined),
      batches.filter(({ messages: [first] }) => first?.message.sendAt !== undefined),
    ];
    for (const kind of each) expect(kind.length).toBeGreaterThan(0);
    const controls = messagesOf(orders).flatMap((order) => order.controls);
    const cancellations = controls.filter(({ kind }) => kind === 'cancel');
    expect(controls.length).toBeGreaterThan(cancellations.length);
    // Many are asked for when the message may just be sent, many before.
    expect(cancellations.length).toBeGreaterThan(messages / 50);
    expect(
      new Set(batches.map(({ messages }) => new Set(messages.map(({ channel }) => channel)).size)),
    ).toEqual(new Set([1]));
  });
});
