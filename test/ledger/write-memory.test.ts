import { expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { createEpoch } from '../../src/ledger/epoch.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import type { Grant, LedgerMessage } from '../../src/ledger/types.ts';
import { createWriteMemory } from '../../src/ledger/write-memory.ts';
import { grant } from '../policies/grant.ts';
import {
  deadLetterOf,
  type Lab,
  type LabOptions,
  MINUTE,
  openLab,
  SECOND,
  SENT,
  UNCONFIRMED,
  useStore,
} from './harness.ts';
import { meeting, withMemory } from './meeting.ts';

const store = useStore();

/** What a worker remembers, by a clock that only `pass` moves, and what it tells the store that it meets. */
async function remembering(plain?: (lab: Lab) => Ledger, options: LabOptions = {}) {
  const lab = await openLab(store, options);
  let passed = 0;
  const gates: (Promise<void> | undefined)[] = [];
  const { store: watch, meetStore, counts } = meeting(gates);
  const ledger = withMemory(plain?.(lab) ?? lab.ledger, {
    store: lab.store,
    platformDayMs: 86_400_000,
    watch,
    epoch: createEpoch(lab.store),
    clock: { now: () => systemClock.now() + passed, monotonic: () => passed },
    onRestored: counts,
  });
  await meetStore();
  return {
    ...{ lab, ledger, gates, meetStore },
    pass(ms: number) {
      passed += ms;
    },
    async send(to: string) {
      const message = lab.message({ to });
      const { nonce } = await ledger.admit(message);
      await ledger.settle({ message, nonce, effect: 'delivered', final: SENT });
      return message;
    },
  };
}

it('tells of a doubt that is still pursued: it keeps its slot', async () => {
  const { lab, ledger, meetStore } = await remembering();
  const message = lab.message();
  const { nonce } = await ledger.admit(message);
  await ledger.settle({ message, nonce, effect: 'doubt' });
  await store.redis.flushall();
  await meetStore();
  expect(await lab.explain(message)).toMatchObject({
    record: { state: 'o' },
    slot: { state: 'h', own: true },
  });
  expect(await lab.verdict(lab.message())).toMatchObject({ kind: 'busy', slot: true });
});

it('tells all that it sent to a store that was flushed, however long ago that was', async () => {
  const { lab, send, pass, meetStore } = await remembering();
  const sent = [];
  for (let i = 0; i < 250; i += 1) {
    sent.push(await send(`${i}`));
    pass(SECOND);
  }
  await store.redis.flushall();
  expect(await meetStore()).toMatchObject({ settlements: 250 });
  for (const message of sent) expect(await lab.verdict(message)).toMatchObject({ kind: 'known' });
});

it('goes no further back than to what the store knows', async () => {
  const { send, pass, meetStore } = await remembering();
  await meetStore();
  for (let i = 0; i < 250; i += 1) {
    await send(`${i}`);
    pass(SECOND);
  }
  expect(await meetStore()).toEqual({ kept: 200, settlements: 200 });
});

it('remembers of a message what became of it last', async () => {
  const { lab, ledger, send, pass, meetStore } = await remembering();
  const message = lab.message({ to: 'doubtful' });
  const { nonce } = await ledger.admit(message);
  await ledger.settle({ message, nonce, effect: 'doubt' });
  pass(4 * SECOND);
  await ledger.settle({ message, nonce, effect: 'delivered', final: SENT });
  for (const to of ['1', '2']) {
    pass(4 * SECOND);
    await send(to);
  }
  await store.redis.flushall();
  await meetStore();
  expect(await lab.verdict(message)).toMatchObject({ kind: 'known', final: SENT });
});

it.each<[string, LabOptions, (lab: Lab, ledger: Ledger, message: LedgerMessage) => Promise<unknown>]>([
  [
    'only waited',
    {},
    (_lab, ledger, message) => ledger.settle({ message, nonce: 'AAAAAAAA', effect: 'none' }),
  ],
  [
    'was sent once more, and refused',
    { resolution: 'presume' },
    async (_lab, ledger, message) => {
      const { nonce } = await ledger.admit(message);
      await ledger.settle({ message, nonce, effect: 'spent' });
    },
  ],
  [
    'was asked about in vain',
    { resolution: 'confirm' },
    async (lab, ledger, message) => {
      await lab.elapse(2 * MINUTE);
      const { nonce, verdict } = await ledger.admit(message);
      expect(verdict).toMatchObject({ grant: { kind: 'ask' } });
      await ledger.settle({ message, nonce, effect: 'back' });
    },
  ],
])('remembers a doubt whose message %s since', async (_, options, since) => {
  const { lab, ledger, send, pass, meetStore } = await remembering(undefined, options);
  const message = lab.message({ to: 'doubtful' });
  const { nonce } = await ledger.admit(message);
  await ledger.settle({ message, nonce, effect: 'doubt' });
  await since(lab, ledger, message);
  for (const to of ['1', '2', '3']) {
    pass(4 * SECOND);
    await send(to);
  }
  await store.redis.flushall();
  await meetStore();
  expect(await lab.explain(message)).toMatchObject({ slot: { state: 'h', own: true } });
  expect(await lab.verdict(lab.message({ to: 'doubtful' }))).toMatchObject({ kind: 'busy', slot: true });
});

it('is of bounded size, whatever the throughput', () => {
  let passed = 0;
  const memory = createWriteMemory({ now: () => passed, monotonic: () => passed });
  const message = { id: 'm', jobId: 'j', job: 'job', recipient: 'r', expiresAt: 0 };
  for (let i = 0; i < 70_000; i += 1) {
    passed += 1;
    memory.hold({ ...message, key: `${i}` }, grant({ nonce: `${i}` }));
    memory.settle(
      { message: { ...message, key: `${i}` }, nonce: `${i}`, effect: 'delivered', final: SENT },
      { status: 'first', run: 1 },
    );
  }
  expect(memory.held()).toHaveLength(0);
  expect(memory.settled().length).toBeLessThanOrEqual(60_000);
});

it('tells of a send under way however long ago it began, until its deadline is long over', async () => {
  const { lab, ledger, send, pass, meetStore } = await remembering();
  const flying = lab.message({ to: '1' });
  const { verdict } = await ledger.admit(flying);
  if (verdict.kind !== 'granted') throw new Error(verdict.kind);
  pass(4 * SECOND);
  await send('2');
  await store.redis.flushall();
  expect(await meetStore()).toMatchObject({ restored: 2 });
  pass(verdict.grant.leaseMs + MINUTE);
  await send('3');
  await store.redis.flushall();
  // The send that was just settled, and the one before it.
  expect(await meetStore()).toMatchObject({ restored: 2, settlements: 2 });
  expect(await lab.explain(flying)).toMatchObject({ record: null });
});

it('counts nothing twice: the breaker knows of each failure once', async () => {
  const { lab, ledger, meetStore } = await remembering();
  const fail = async (to: string) => {
    const message = lab.message({ to });
    const { nonce } = await ledger.admit(message);
    return await ledger.settle({
      message,
      nonce,
      effect: 'doubt',
      final: UNCONFIRMED,
      letter: deadLetterOf(message),
      health: 'down',
    });
  };
  expect(await fail('1')).toMatchObject({ failures: 1 });
  await meetStore();
  expect(await fail('2')).toMatchObject({ failures: 2 });
});

/** Answers what it is told to, and asks no store. */
const answering = (
  answer: Partial<Grant>,
  asked: (nonce: string | undefined) => void = () => {},
): Ledger => ({
  async admit(_, nonce = '') {
    asked(nonce);
    return { verdict: { kind: 'granted', grant: grant(answer) }, nonce, askedAt: 0 };
  },
  settle: async () => ({ status: 'first', final: SENT, run: 1, attempts: 1, failures: 0, opens: 0 }),
});

it('holds some tens of thousands of settlements, however many there were', async () => {
  const { lab, ledger, meetStore } = await remembering(() => answering({}));
  const message = lab.message();
  for (let i = 0; i < 65_000; i += 1) {
    await ledger.settle({ message, nonce: `${i}`, effect: 'none', final: SENT });
  }
  const { settlements } = await meetStore();
  expect(settlements).toBeLessThanOrEqual(40_000);
  expect(settlements).toBeGreaterThanOrEqual(20_000);
});

it('takes no question for a send', async () => {
  const { lab, ledger, meetStore } = await remembering(() => answering({ kind: 'ask' }));
  await ledger.admit(lab.message());
  expect(await meetStore()).toEqual({ settlements: 0 });
});

it('asks again by the same nonce where the connection broke: it may have been granted', async () => {
  const nonces: (string | undefined)[] = [];
  const { lab, ledger, gates } = await remembering(() =>
    answering({}, (nonce) => {
      nonces.push(nonce);
      if (nonces.length === 1) throw new Error('Connection is closed.');
    }),
  );
  // Open, then shut by what broke the connection, then open again.
  gates.push(undefined, Promise.resolve());
  const { nonce } = await ledger.admit(lab.message());
  expect(nonces).toEqual([nonce, nonce]);
  expect(nonce).toMatch(/^.{8}$/);
});

it.each([
  ['was asked for and found', 'confirm', 'delivered', { state: 'delivered', reason: 'confirmed' }, 'quota'],
  ['was asked for in vain', 'confirm', 'doubt', undefined, 'busy'],
  ['was given up', 'presume', 'none', UNCONFIRMED, 'quota'],
] as const)('keeps the slot of a doubt that %s', async (_, resolution, effect, final, kind) => {
  const { lab, ledger, meetStore, pass, send } = await remembering(undefined, {
    resolution,
    attempts: 1,
    lease: SECOND,
    quiet: 1,
  });
  const message = lab.message();
  const { nonce } = await ledger.admit(message);
  await ledger.settle({ message, nonce, effect: 'doubt' });
  await lab.elapse(2 * SECOND);
  const again = await ledger.admit(message);
  await ledger.settle({ message, nonce: again.nonce, effect, final, letter: final && deadLetterOf(message) });
  expect(await lab.verdict(lab.message())).toMatchObject({ kind });
  // Long enough ago that only its slot is remembered.
  for (let i = 0; i < 3; i++) {
    pass(4 * SECOND);
    await send(`other-${i}`);
  }
  await store.redis.flushall();
  await meetStore();
  expect(await lab.verdict(lab.message())).not.toMatchObject({ kind: 'granted' });
});
