import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { createCampaign, listChunk, readCampaign } from '../../src/ledger/campaigns.ts';
import { readChannelState } from '../../src/ledger/channel-state.ts';
import { createEpoch } from '../../src/ledger/epoch.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { jobKey, newNonce } from '../../src/ledger/names.ts';
import type { LedgerMessage } from '../../src/ledger/types.ts';
import {
  DAY,
  deadLetterOf,
  EXHAUSTED,
  type Lab,
  MINUTE,
  openLab,
  SENT,
  UNCONFIRMED,
  useStore,
} from './harness.ts';
import { meeting, withMemory } from './meeting.ts';

const store = useStore();

/** A worker that remembers what it did lately, and the moment at which it meets a store that may have lost it. */
function worker(lab: Lab, { plain = lab.ledger, over = lab.store, clock = systemClock } = {}) {
  const { store: watch, meetStore, counts } = meeting();
  const ledger = withMemory(plain, {
    store: over,
    platformDayMs: 86_400_000,
    watch,
    epoch: createEpoch(over),
    clock,
    onRestored: counts,
  });
  return { ledger, meetStore };
}

/** A clock that goes on only where it is moved on, however long the machine takes. */
function passing() {
  let now = systemClock.monotonic();
  const clock = { ...systemClock, monotonic: () => now };
  function pass(ms: number): void {
    now += ms;
  }
  return { clock, pass };
}

async function delivered(lab: Lab, ledger: Ledger, count: number): Promise<LedgerMessage[]> {
  const messages = Array.from({ length: count }, (_, i) => lab.message({ to: `player-${i}` }));
  for (const message of messages) {
    const { nonce } = await ledger.admit(message);
    await ledger.settle({ message, nonce, effect: 'delivered', final: SENT });
  }
  return messages;
}

/** Messages that end without a send. */
async function suppressed(lab: Lab, ledger: Ledger, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    const message = lab.message({ to: `nobody-${i}` });
    const final = { state: 'suppressed', reason: 'ineligible' } as const;
    await ledger.settle({ message, nonce: 'AAAAAAAA', effect: 'none', final });
  }
}

/** A replica that has what the store has now: it takes over when that is called, with a replication id of its own. */
async function replicaOf(lab: Lab): Promise<() => Promise<void>> {
  const keys = await store.redis.keys(`${lab.base}*`);
  const dumps = await Promise.all(keys.map((key) => store.redis.dumpBuffer(key)));
  const { epoch } = lab.store.keys;
  return async () => {
    const [token, id, ...rest] = ((await store.redis.get(epoch)) ?? '').split(' ');
    await store.redis.flushall();
    for (const [i, key] of keys.entries()) await store.redis.restore(key, 0, dumps[i]!);
    await store.redis.set(epoch, [token, [...id!].reverse().join(''), ...rest].join(' '));
  };
}

it('restores a send under way into a store that lost it: nobody else gets its slot', async () => {
  const lab = await openLab(store);
  const { ledger, meetStore } = worker(lab);
  const message = lab.message();
  const { nonce } = await ledger.admit(message);
  await store.redis.flushall();
  expect(await meetStore()).toMatchObject({ restored: 1 });
  expect(await lab.explain(message)).toMatchObject({
    record: { state: 's', nonce, attempts: 1, run: 1 },
    slot: { state: 'h', own: true },
  });
  expect(await lab.verdict(lab.message())).toMatchObject({ kind: 'busy', slot: true });
  expect(await lab.deliver(message, { nonce })).toMatchObject({ status: 'first' });
});

it('restores the send of a replay without its job, and another replay of the letter goes on in that run', async () => {
  const lab = await openLab(store, { quota: false });
  const { ledger, meetStore } = worker(lab);
  const message = lab.message();
  const letter = deadLetterOf(message);
  await lab.settle(message, await lab.grant(message), 'spent', { final: EXHAUSTED, letter });
  await lab.elapse(9 * DAY);
  const keys = await store.redis.keys(`${lab.base}*`);
  const dumps = await Promise.all(keys.map((key) => store.redis.dumpBuffer(key)));
  const replayed = { ...message, expiresAt: message.expiresAt + 9 * DAY };
  expect(await lab.replay(message)).toBe('replayed');
  await ledger.admit(replayed);
  await store.redis.flushall();
  for (const [i, key] of keys.entries()) await store.redis.restore(key, 0, dumps[i]!);
  expect(await meetStore()).toMatchObject({ restored: 1 });
  await lab.elapse(MINUTE);
  expect((await lab.explain(message)).record).toMatchObject({ run: 2 });
  expect(await lab.replay(message)).toBe('continued');
});

describe('a send of a message that the store knows only an earlier end of', () => {
  async function forgetWhile(act: () => Promise<void>): Promise<void> {
    const keys = await store.redis.keys('*');
    const dumps = await Promise.all(keys.map((key) => store.redis.dumpBuffer(key)));
    await act();
    await store.redis.flushall();
    for (const [i, key] of keys.entries()) await store.redis.restore(key, 0, dumps[i]!);
  }

  it('is restored where the store knows only of more requests of the run before', async () => {
    const lab = await openLab(store);
    const { ledger, meetStore } = worker(lab);
    const message = lab.message();
    for (let i = 0; i < 2; i += 1) await lab.settle(message, await lab.grant(message), 'spent');
    await forgetWhile(async () => {
      const letter = deadLetterOf(message);
      await lab.settle(message, { nonce: newNonce() }, 'none', { final: EXHAUSTED, letter });
      expect(await lab.replay(message)).toBe('replayed');
      expect((await ledger.admit(message)).verdict.kind).toBe('granted');
    });

    expect(await meetStore()).toMatchObject({ restored: 1 });
    expect(await lab.explain(message)).toMatchObject({
      record: { state: 's', run: 2, attempts: 1 },
      slot: { own: true },
    });
    expect(await lab.verdict(lab.message())).toMatchObject({ kind: 'busy', slot: true });
  });

  it('leaves a send that was granted after it, in a run that began anew', async () => {
    const lab = await openLab(store);
    const { ledger, meetStore } = worker(lab);
    const message = lab.message();
    const letter = deadLetterOf(message);
    await lab.settle(message, { nonce: newNonce() }, 'none', { final: EXHAUSTED, letter });
    expect(await lab.replay(message)).toBe('replayed');
    await ledger.admit(message);
    await store.redis.flushall();
    await store.until((await store.now()) + 2);
    const later = await lab.grant(message);
    expect(await meetStore()).toMatchObject({ conflict: 1 });
    expect((await lab.explain(message)).record).toMatchObject({ state: 's', run: 1, nonce: later.nonce });
  });

  it('takes the doubt of the run before off the gauge', async () => {
    const lab = await openLab(store, { resolution: 'keep' });
    const { ledger, meetStore } = worker(lab);
    const message = lab.message();
    // With an empty queue there are no doubts.
    await store.redis.lpush(`herald:{${lab.channel}}:wait`, 'a job');
    await lab.settle(message, await lab.grant(message), 'doubt');
    let nonce = '';
    await forgetWhile(async () => {
      const letter = deadLetterOf(message);
      await lab.settle(message, { nonce: newNonce() }, 'none', { final: UNCONFIRMED, letter });
      await lab.elapse(DAY);
      expect(await lab.replay(message)).toBe('replayed');
      ({ nonce } = await ledger.admit(lab.present(message)));
    });
    expect((await readChannelState(lab.store)).doubts).toBe(1);

    expect(await meetStore()).toMatchObject({ restored: 1 });
    expect(await lab.deliver(message, { nonce })).toMatchObject({ status: 'first', run: 2 });
    expect((await readChannelState(lab.store)).doubts).toBe(0);
  });

  it.each([
    ['a replay began its run', 'under way'],
    ['a replay began its run', 'delivered'],
    ['its id was used again', 'under way'],
    ['its id was used again', 'delivered'],
  ])('is restored with its slot: %s, and it is %s', async (since, now) => {
    const lab = await openLab(store);
    const { ledger, meetStore } = worker(lab);
    const message = lab.message();
    const letter = deadLetterOf(message);
    await lab.settle(message, await lab.grant(message), 'back', { final: EXHAUSTED, letter });
    const replayed = since === 'a replay began its run';
    if (!replayed) await lab.elapse(2 * DAY);
    const sent = replayed ? message : { ...lab.message(), key: message.key, job: jobKey('another') };
    await forgetWhile(async () => {
      if (replayed) expect(await lab.replay(message)).toBe('replayed');
      const { nonce, verdict } = await ledger.admit(sent);
      expect(verdict.kind).toBe('granted');
      if (now === 'delivered')
        await ledger.settle({ message: sent, nonce, effect: 'delivered', final: SENT });
    });

    expect(await meetStore()).toMatchObject({ restored: 1 });
    const run = replayed ? 2 : 1;
    const state = now === 'delivered' ? { state: 'd', run } : { state: 's', run, attempts: 1 };
    expect((await lab.explain(sent)).record).toMatchObject(state);
    const kind = now === 'delivered' ? 'quota' : 'busy';
    expect(await lab.verdict(lab.message())).toMatchObject({ kind });
    if (replayed) expect(['active', 'delivered']).toContain(await lab.replay(message));
  });
});

it('restores what was delivered: nobody else gets a message in that window', async () => {
  const lab = await openLab(store);
  const { ledger, meetStore } = worker(lab);
  const message = lab.message();
  const { nonce } = await ledger.admit(message);
  await ledger.settle({ message, nonce, effect: 'delivered', final: SENT });
  await store.redis.flushall();
  await meetStore();
  expect(await lab.verdict(message)).toMatchObject({ kind: 'known', final: SENT });
  expect(await lab.verdict(lab.message())).toMatchObject({ kind: 'quota' });
});

it('counts a send of a campaign again where the store lost its record with the count, and only there', async () => {
  const lab = await openLab(store, { quota: false });
  const { ledger, meetStore } = worker(lab);
  await createCampaign(lab.store, { id: 'spring', message: '{}' });
  const list = { id: 'spring', priority: 0, dueAt: undefined, count: 2, data: '{}' };
  await listChunk(lab.store, { ...list, jobId: 'c2_a', digest: 'a' });
  const [known, lost] = ['1', '2'].map((to, i) =>
    lab.message({ campaign: 'spring', to, jobId: `c2_a:${i}` }),
  ) as [LedgerMessage, LedgerMessage];
  const kept = await ledger.admit(known);
  const keys = await store.redis.keys(`${lab.base}*`);
  const dumps = await Promise.all(keys.map((key) => store.redis.dumpBuffer(key)));
  const restored = await ledger.admit(lost);
  await store.redis.flushall();
  for (const [i, key] of keys.entries()) await store.redis.restore(key, 0, dumps[i]!);
  expect(await readCampaign(lab.store, 'spring')).toMatchObject({ waiting: 1, underWay: 1 });
  await meetStore();
  expect(await readCampaign(lab.store, 'spring')).toMatchObject({ waiting: 0, underWay: 2 });
  await lab.deliver(known, kept);
  await lab.deliver(lost, restored);
  expect(await readCampaign(lab.store, 'spring')).toMatchObject({
    ...{ waiting: 0, underWay: 0 },
    ends: [{ state: 'delivered', reason: 'sent', count: 2 }],
  });
});

it('restores a delivery that the store knows the beginning of', async () => {
  const lab = await openLab(store);
  const { ledger, meetStore } = worker(lab);
  const message = lab.message();
  const { nonce } = await ledger.admit(message);
  const keys = await store.redis.keys(`${lab.base}*`);
  const dumps = await Promise.all(keys.map((key) => store.redis.dumpBuffer(key)));
  await ledger.settle({ message, nonce, effect: 'delivered', final: SENT });
  await store.redis.flushall();
  for (const [i, key] of keys.entries()) await store.redis.restore(key, 0, dumps[i]!);
  await meetStore();
  expect(await lab.verdict(message)).toMatchObject({ kind: 'known', final: SENT });
  expect(await lab.receipts()).toHaveLength(1);
});

it.each([
  ['delivered', SENT, 's'],
  ['doubt', UNCONFIRMED, 't'],
] as const)(
  'restores the slot of a settlement that came before its mark: %s',
  async (effect, final, state) => {
    const lab = await openLab(store);
    const { ledger, meetStore } = worker(lab);
    const message = lab.message();
    const { nonce } = await ledger.admit(message);
    await ledger.settle({ message, nonce, effect, final, letter: deadLetterOf(message) });
    // It waited in the client while the store lost all: it makes a record there, and no slot.
    await store.redis.del(...(await store.redis.keys(`${lab.base}:s*`)));
    await meetStore();
    expect((await lab.explain(message)).slot).toMatchObject({ state, own: true });
    expect(await lab.verdict(lab.message())).toMatchObject({ kind: 'quota' });
  },
);

it('restores a doubt with the slot that it keeps', async () => {
  const lab = await openLab(store);
  const { ledger, meetStore } = worker(lab);
  const message = lab.message();
  const { nonce } = await ledger.admit(message);
  await ledger.settle({ message, nonce, effect: 'doubt', final: UNCONFIRMED, letter: deadLetterOf(message) });
  await store.redis.flushall();
  await meetStore();
  expect(await lab.verdict(message)).toMatchObject({ kind: 'known', final: UNCONFIRMED });
  expect(await lab.verdict(lab.message())).toMatchObject({ kind: 'quota' });
});

it.each([
  ['may have arrived', 'doubt', UNCONFIRMED],
  ['was refused', 'spent', { state: 'dead', reason: 'bad_recipient' }],
] as const)('ends a send that %s, where the store has forgotten the send', async (_, effect, final) => {
  const lab = await openLab(store);
  const { ledger } = worker(lab);
  const message = lab.message();
  const { nonce } = await ledger.admit(message);
  await store.redis.flushall();
  const settlement = { message, nonce, effect, final, letter: deadLetterOf(message) };
  expect(await ledger.settle(settlement)).toMatchObject({ status: 'first', final, attempts: 1 });
  expect(await lab.verdict(message)).toMatchObject({ kind: 'known', final });
  expect(await lab.receipts()).toHaveLength(1);
});

it('remembers the end of a send that the store forgets again and again', async () => {
  const lab = await openLab(store);
  let forgetful = true;
  const plain: Ledger = {
    ...lab.ledger,
    async settle(settlement) {
      if (forgetful) await store.redis.flushall();
      return await lab.ledger.settle(settlement);
    },
  };
  const { ledger, meetStore } = worker(lab, { plain });
  const message = lab.message();
  const { nonce } = await ledger.admit(message);
  const letter = deadLetterOf(message);
  const doubt = { message, nonce, effect: 'doubt', final: UNCONFIRMED, letter } as const;
  expect(await ledger.settle(doubt)).toMatchObject({ status: 'stale' });
  forgetful = false;
  await meetStore();
  expect(await lab.verdict(message)).toMatchObject({ kind: 'known', final: UNCONFIRMED });
  expect(await lab.verdict(lab.message())).toMatchObject({ kind: 'quota' });
});

it('does not tell an end that another attempt had overruled', async () => {
  const lab = await openLab(store, { resolution: 'resend' });
  const message = lab.message();
  const first = await lab.grant(message);
  await lab.elapse(11_000);
  const { ledger, meetStore } = worker(lab);
  const { nonce } = await ledger.admit(message);
  expect(await lab.deliver(message, first)).toMatchObject({ status: 'first' });
  const late = {
    message,
    nonce,
    effect: 'doubt',
    final: UNCONFIRMED,
    letter: deadLetterOf(message),
  } as const;
  expect(await ledger.settle(late)).toMatchObject({ status: 'known', final: SENT });
  await store.redis.flushall();
  await meetStore();
  // The worker that delivered it may tell it now, and is the first to.
  expect((await lab.explain(message)).record).toBeNull();
  expect(await lab.receipts()).toEqual([]);
});

it('changes nothing in a store that lost nothing', async () => {
  const lab = await openLab(store);
  const { ledger, meetStore } = worker(lab);
  const [flying, done] = [lab.message({ to: '1' }), lab.message({ to: '2' })];
  await ledger.admit(flying);
  const { nonce } = await ledger.admit(done);
  await ledger.settle({ message: done, nonce, effect: 'delivered', final: SENT });
  const before = [await lab.explain(flying), await lab.explain(done)].map((entry) => ({ ...entry, now: 0 }));
  await meetStore();
  const after = [await lab.explain(flying), await lab.explain(done)].map((entry) => ({ ...entry, now: 0 }));
  expect(after).toEqual(before);
  expect(await lab.receipts()).toHaveLength(1);
});

it.each([
  ['all', ''],
  ['its slots', ':s'],
])('restores the slot of the later of two sends to a player, where the store lost %s', async (_, lost) => {
  const lab = await openLab(store, { rolling: 1_000 });
  const { ledger, meetStore } = worker(lab);
  const [earlier, later] = [lab.message(), lab.message()];
  for (const message of [earlier, later]) {
    // The grant holds the slot for longer than a delivery keeps it: by the lease.
    const { nonce } = await ledger.admit(message);
    await ledger.settle({ message, nonce, effect: 'delivered', final: SENT });
    const { slot } = await lab.explain(message);
    if (message === earlier) await store.until(slot!.window);
  }
  await store.redis.del(...(await store.redis.keys(`${lab.base}${lost}*`)));
  await meetStore();
  expect((await lab.explain(later)).slot).toMatchObject({ state: 's', own: true });
});

it('restores all that was lost, where its first try was cut off', async () => {
  const lab = await openLab(store);
  const { clock, pass } = passing();
  let runs = Number.POSITIVE_INFINITY;
  const cutOff: Lab['store']['run'] = async (script, args) => {
    runs -= 1;
    if (runs < 0) throw new Error('Connection is closed.');
    return await lab.store.run(script, args);
  };
  const { ledger, meetStore } = worker(lab, { over: { ...lab.store, run: cutOff }, clock });
  const messages = await delivered(lab, ledger, 250);
  pass(60_000);
  await store.redis.flushall();
  runs = 2;
  await expect(meetStore()).rejects.toThrow('closed');
  runs = Number.POSITIVE_INFINITY;
  expect(await meetStore()).toEqual({ kept: 100, restored: 150, settlements: 250 });
  expect(await lab.verdict(messages[0]!)).toMatchObject({ kind: 'known', final: SENT });
});

it('restores all to a store that was flushed, though it knows all of the latest that keep a slot', async () => {
  const lab = await openLab(store);
  const { clock, pass } = passing();
  const { ledger, meetStore } = worker(lab, { clock });
  await meetStore();
  const messages = await delivered(lab, ledger, 150);
  await suppressed(lab, ledger, 99);
  pass(60_000);
  const latest = lab.message({ to: 'latest' });
  const { nonce } = await ledger.admit(latest);
  await store.redis.flushall();
  expect(await lab.deliver(latest, { nonce })).toMatchObject({ status: 'first' });
  await ledger.settle({ message: latest, nonce, effect: 'delivered', final: SENT });
  expect(await meetStore()).toEqual({ restored: 151, settlements: 250 });
  expect(await lab.verdict(messages[0]!)).toMatchObject({ kind: 'known', final: SENT });
});

it('restores the end that a store lost, however long that was away, and though it knows all of the latest', async () => {
  const lab = await openLab(store);
  const { clock, pass } = passing();
  const { ledger, meetStore } = worker(lab, { clock });
  await meetStore();
  const slow = lab.message({ to: 'slow' });
  const { nonce } = await ledger.admit(slow);
  const failOver = await replicaOf(lab);
  const messages = await delivered(lab, ledger, 2);
  await suppressed(lab, ledger, 99);
  await ledger.settle({ message: slow, nonce, effect: 'delivered', final: SENT });
  await failOver();
  pass(20_000);
  expect(await meetStore()).toEqual({ kept: 1, restored: 2, settlements: 102 });
  for (const message of [slow, ...messages])
    expect(await lab.verdict(message)).toMatchObject({ kind: 'known', final: SENT });
});

it('restores all once more to a store that then lost the end of what was restored', async () => {
  const lab = await openLab(store);
  const { clock, pass } = passing();
  let failOver: (() => Promise<void>) | undefined;
  const run: Lab['store']['run'] = async (script, args) => {
    const answer = await lab.store.run(script, args);
    // After the first batch that was restored.
    if (args[0]?.includes('unconfirmed')) failOver ??= await replicaOf(lab);
    return answer;
  };
  const { ledger, meetStore } = worker(lab, { over: { ...lab.store, run }, clock });
  await meetStore();
  const messages = await delivered(lab, ledger, 250);
  pass(60_000);
  await store.redis.flushall();
  expect(await meetStore()).toEqual({ restored: 250, settlements: 250 });
  await failOver?.();
  expect(await meetStore()).toEqual({ kept: 100, restored: 150, settlements: 250 });
  expect(await lab.verdict(messages[0]!)).toMatchObject({ kind: 'known', final: SENT });
});

it('leaves the slot to whoever got it meanwhile', async () => {
  const lab = await openLab(store);
  const { ledger, meetStore } = worker(lab);
  const message = lab.message();
  await ledger.admit(message);
  await store.redis.flushall();
  const other = lab.message();
  await lab.grant(other);
  expect(await meetStore()).toMatchObject({ conflict: 1 });
  expect((await lab.explain(other)).slot).toMatchObject({ own: true });
});

it('says nothing of a send that came to a known end', async () => {
  const lab = await openLab(store);
  const { ledger, meetStore } = worker(lab);
  const message = lab.message();
  const { nonce } = await ledger.admit(message);
  await ledger.settle({ message, nonce, effect: 'spent' });
  await store.redis.flushall();
  await meetStore();
  await lab.grant(lab.message());
});

it('tells the other marks to a store in which the records of some cannot be read', async () => {
  const lab = await openLab(store);
  const { ledger, meetStore } = worker(lab);
  const messages = Array.from({ length: 4 }, (_, i) => lab.message({ to: `player-${i}` }));
  const nonces: string[] = [];
  for (const message of messages) nonces.push((await ledger.admit(message)).nonce);
  const [underWay, damagedUnderWay, delivered, damagedDelivered] = messages as [
    LedgerMessage,
    LedgerMessage,
    LedgerMessage,
    LedgerMessage,
  ];
  await ledger.settle({ message: delivered, nonce: nonces[2]!, effect: 'delivered', final: SENT });
  await ledger.settle({ message: damagedDelivered, nonce: nonces[3]!, effect: 'delivered', final: SENT });
  await store.redis.flushall();
  for (const { key } of [damagedUnderWay, damagedDelivered])
    await store.redis.hset(`${lab.base}:m:0`, key, 'x');
  expect(await meetStore()).toMatchObject({ restored: 2, unreadable: 2, settlements: 2 });
  expect(await lab.explain(underWay)).toMatchObject({ record: { state: 's' }, slot: { own: true } });
  expect(await lab.verdict(delivered)).toMatchObject({ kind: 'known', final: SENT });
});

it('does not hold up other channels for one whose tables are something else', async () => {
  const lab = await openLab(store);
  const { ledger, meetStore } = worker(lab);
  const message = lab.message();
  const { nonce } = await ledger.admit(message);
  await ledger.settle({ message, nonce, effect: 'delivered', final: SENT });
  await store.redis.flushall();
  await store.redis.hset(`${lab.base}:m`, 'something', 'else');
  expect(await meetStore()).toMatchObject({ unreadable: 1, settlements: 1 });
});

it('goes on being refused by a store that takes no writes', async () => {
  const lab = await openLab(store);
  const { ledger, meetStore } = worker(lab);
  const message = lab.message();
  const { nonce } = await ledger.admit(message);
  await ledger.settle({ message, nonce, effect: 'delivered', final: SENT });
  await store.redis.config('SET', 'min-replicas-to-write', '1');
  await expect(meetStore()).rejects.toThrow(/^NOREPLICAS/);
  await store.redis.config('SET', 'min-replicas-to-write', '0');
});

it('leaves the run that a replay began since', async () => {
  const lab = await openLab(store);
  const { ledger, meetStore } = worker(lab);
  const message = lab.message();
  const { nonce } = await ledger.admit(message);
  const letter = deadLetterOf(message);
  await ledger.settle({ message, nonce, effect: 'doubt', final: UNCONFIRMED, letter });
  expect(await lab.replay(message)).toBe('replayed');
  const replayed = { record: { state: 'e', run: 2 } };
  expect(await lab.explain(message)).toMatchObject(replayed);
  await meetStore();
  expect(await lab.explain(message)).toMatchObject(replayed);
});

it('ends not that run by the verdict that ended the one before', async () => {
  const lab = await openLab(store);
  const { ledger, meetStore } = worker(lab);
  const message = lab.message();
  await ledger.settle({
    message,
    nonce: newNonce(),
    effect: 'none',
    final: EXHAUSTED,
    letter: deadLetterOf(message),
  });
  expect(await lab.replay(message)).toBe('replayed');
  await meetStore();
  expect(await lab.deliver(message, await lab.grant(message))).toMatchObject({ status: 'first', run: 2 });
  expect((await lab.receipts()).map(({ run, state }) => [run, state])).toEqual([
    ['1', 'dead'],
    ['2', 'delivered'],
  ]);
});

it('tells the verdict of a later run as that of the same run to a store that lost all', async () => {
  const lab = await openLab(store);
  const { ledger, meetStore } = worker(lab);
  const message = lab.message();
  const end = { message, effect: 'none', final: EXHAUSTED, letter: deadLetterOf(message) } as const;
  await lab.settle(message, { nonce: newNonce() }, 'none', end);
  expect(await lab.replay(message)).toBe('replayed');
  await ledger.settle({ ...end, nonce: newNonce() });
  await store.redis.flushall();
  await meetStore();
  expect(await lab.letter(message)).toMatchObject({ run: 2 });
});
