import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import {
  type ChannelHolds,
  type ChannelStores,
  createChannelHolds,
  spreadHolds,
} from '../../src/ledger/channel-holds.ts';
import { readChannelState, resumeChannel, stopChannel } from '../../src/ledger/channel-state.ts';
import { createLedgerCalls, joinCalls, type Ledger } from '../../src/ledger/ledger.ts';
import { createRateLease } from '../../src/ledger/rate-lease.ts';
import { createShardAdmission, type ShardAdmission } from '../../src/ledger/shard-admission.ts';
import { withChannelHolds } from '../../src/ledger/shard-settlement.ts';
import { newGate } from '../../src/ledger/store-gate.ts';
import type { LedgerMessage, Settlement, Verdict } from '../../src/ledger/types.ts';
import { type ChannelStore, channelStore } from '../../src/redis/channel-store.ts';
import { storeNames } from '../../src/redis/shards.ts';
import { createStoreClock } from '../../src/redis/store-clock.ts';
import { eventually } from '../../testing/eventually.ts';
import {
  DAY,
  deadLetterOf,
  EXHAUSTED,
  HOUR,
  MINUTE,
  openLab,
  repeating,
  SECOND,
  SENT,
  useStore,
} from './harness.ts';

const store = useStore();
const LEASE = 10 * SECOND;
let channels = 0;
let messages = 0;

interface Worker {
  holds: ChannelHolds;
  /** By shard. */
  ledgers: Ledger[];
}

/** A channel over shards, whose workers share nothing but the store. */
async function openSharded(shards: number, interval?: number) {
  const channel = `sharded-${++channels}`;
  const at = (name: string) => channelStore(store.redis, name);
  const stores: ChannelStores = { home: at(channel), shards: storeNames(channel, shards).map(at) };
  for (const shard of stores.shards) await store.redis.set(shard.keys.policy, 'shards');
  const lab = await openLab(store);
  const policy = { quota: false, playTtl: DAY, sendWhenUnknown: true, lease: LEASE, ahead: SECOND };
  const rest = { attempts: 3, patience: MINUTE, quiet: SECOND, resolution: 'keep', platformDay: DAY };
  const openWorker = ({
    credentials = 'c',
    asked = stores.home,
    told = stores.home,
    watched = (shard: ShardAdmission) => shard,
  } = {}): Worker => {
    const clock = createStoreClock(systemClock);
    const onUntold = (error: Error) => expect.unreachable(String(error));
    const longestGrantMs = LEASE + SECOND;
    const holds = createChannelHolds({
      stores,
      asked,
      told,
      credentials,
      longestGrantMs,
      clock,
      onUntold,
    });
    const rate =
      interval && createRateLease({ home: stores.home, spacing: apart(interval), furthestMs: SECOND, clock });
    const shard = watched(createShardAdmission({ rate: rate || undefined, holds, aheadMs: SECOND, clock }));
    const ledgers = stores.shards.map((store) => {
      const calls = createLedgerCalls({
        ...{ store, clock, shard, credentials, keepReceipts: 1_000, playTtlMs: DAY, platformDayMs: DAY },
        policyAround: () => JSON.stringify({ ...policy, ...rest, interval, inForce: 'shards' }),
        slotMs: undefined,
      });
      return withChannelHolds(joinCalls(calls), holds);
    });
    return { holds, ledgers };
  };
  return { stores, openWorker, message: () => lab.message({ to: `player-${++messages}` }) };
}

/** No wider than the rate. */
const apart = (interval: number) => () => ({ interval, widen: 0, keep: SECOND });

/** Whose store's answers take no time. */
const standing = (monotonic: () => number) => createStoreClock({ now: systemClock.now, monotonic });

const settlementOf = (message: LedgerMessage, nonce: string, more: Partial<Settlement>): Settlement => ({
  ...{ message, nonce, effect: 'delivered', final: SENT },
  ...more,
});

/** An attempt that failed, and after which the run goes on. */
const FAILED = { effect: 'spent', final: undefined } as const;

type Granted = [message: LedgerMessage, nonce: string];

const grantsOf = (ledger: Ledger, messages: readonly LedgerMessage[]): Promise<Granted[]> =>
  Promise.all(messages.map(async (each): Promise<Granted> => [each, (await ledger.admit(each)).nonce]));

/** The same store, which answers once it is back. */
function away(store: ChannelStore) {
  const { opened, open: back } = newGate();
  const asked: unknown[] = [];
  const { run } = store;
  async function runLate(...call: Parameters<typeof run>) {
    asked.push(call);
    await opened;
    return await run(...call);
  }
  return { store: { ...store, run: runLate }, asked, back };
}

const kinds = (verdicts: { verdict: Verdict }[]): string[] => verdicts.map(({ verdict }) => verdict.kind);

describe('rule 8 over shards: rate', () => {
  const INTERVAL = 10;

  it('tells the wait of each grant apart, also of one that may leave at once: it gets a moment of the home', async () => {
    let reply: unknown[] = [];
    const { openWorker, message } = await openSharded(1, INTERVAL);
    const watched = (shard: ShardAdmission): ShardAdmission => ({
      ask: (admissions, admit) =>
        shard.ask(admissions, async (leased) => {
          const answer = await admit(JSON.stringify({ ...JSON.parse(leased), moments: [0, INTERVAL] }));
          reply = structuredClone(answer);
          return answer;
        }),
    });
    const [ledger] = openWorker({ watched }).ledgers;
    await Promise.all([ledger!.admit(message()), ledger!.admit(message())]);
    const told = (verdict: unknown) => (Array.isArray(verdict) ? verdict.slice(0, 3) : verdict);
    expect(reply.slice(2, 4).map(told)).toEqual([
      ['grant', 1, 0],
      ['grant', 1, INTERVAL],
    ]);
  });

  it('is leased in moments that are evenly spaced, to any number of workers', async () => {
    const { stores } = await openSharded(8);
    const clock = standing(() => 0);
    const leases = [1, 2].map(() =>
      createRateLease({ home: stores.home, spacing: apart(INTERVAL), furthestMs: SECOND, clock }),
    );
    const began = await store.now();
    const tat = async () => Number(await store.redis.hget(`${stores.home.keys.ledger}:channel`, 'tat'));
    const all = await Promise.all([leases[0]!.take(30, SECOND), leases[1]!.take(40, SECOND)]);
    expect(all.map(({ moments }) => moments.length)).toEqual([30, 40]);
    expect((await tat()) - began).toBeGreaterThanOrEqual(70 * INTERVAL);
    // No further ahead than the grants of one second.
    const more = await leases[0]!.take(100, SECOND);
    expect(more.moments.length).toBeLessThanOrEqual(31 + Math.ceil(((await store.now()) - began) / INTERVAL));
    expect(more.nextAt).toBeGreaterThan(SECOND);
  });

  it('keeps what no admission used for the next, while it lies ahead', async () => {
    const { stores } = await openSharded(2);
    let now = 0;
    const lease = createRateLease({
      home: stores.home,
      spacing: apart(100),
      furthestMs: SECOND,
      clock: standing(() => now),
    });
    const { moments } = await lease.take(3, SECOND);
    lease.giveBack(moments.slice(1));
    expect((await lease.take(2, SECOND)).moments).toEqual(moments.slice(1));
    lease.giveBack(moments.slice(1));
    now = moments[1]! + 1;
    expect((await lease.take(1, SECOND)).moments).toEqual([moments[2]]);
  });

  it('takes back the moment that was given out last, and none before another', async () => {
    const { stores } = await openSharded(2);
    const lease = () =>
      createRateLease({
        ...{ home: stores.home, spacing: apart(HOUR), furthestMs: SECOND },
        clock: createStoreClock(systemClock),
      });
    const [one, other] = [lease(), lease()];
    const [missed] = (await one.take(1, SECOND)).moments as [number];
    expect((await other.take(1, SECOND)).moments).toEqual([]);
    await one.giveUp([missed]);
    const [instead] = (await other.take(1, SECOND)).moments as [number];
    expect(instead).toBeGreaterThan(missed - 1);
    // By now another one was given out behind it.
    await store.redis.hincrbyfloat(`${stores.home.keys.ledger}:channel`, 'tat', -HOUR);
    await one.take(1, SECOND);
    await store.redis.hincrbyfloat(`${stores.home.keys.ledger}:channel`, 'tat', HOUR);
    await other.giveUp([instead]);
    expect((await other.take(1, SECOND)).moments).toEqual([]);
  });

  // The moments of two requests lie further ahead than one.
  it.each([1, 2])(
    'takes the moments of %i requests back once, however often that is asked',
    async (requests) => {
      const { stores } = await openSharded(2);
      const lease = (run: typeof stores.home.run) =>
        createRateLease({
          ...{ home: { run }, spacing: apart(HOUR), furthestMs: SECOND },
          clock: createStoreClock(systemClock),
        });
      const calls: (() => Promise<unknown>)[] = [];
      const one = lease((...call) => {
        calls.push(() => stores.home.run(...call));
        return calls.at(-1)!();
      });
      const other = lease(stores.home.run);
      const aheadMs = (requests - 1) * HOUR + 2 * SECOND;
      const { moments: missed } = await one.take(requests, aheadMs, SECOND);
      await one.giveUp(missed);
      expect((await other.take(requests, aheadMs, SECOND)).moments).toHaveLength(requests);
      await calls.at(-1)!();
      expect((await other.take(1, aheadMs)).moments).toEqual([]);
    },
  );

  it('is leased from an instant on, for a process that would read of an earlier one too late', async () => {
    const { stores } = await openSharded(2);
    const clock = standing(() => 0);
    const lease = createRateLease({ home: stores.home, spacing: apart(100), furthestMs: SECOND, clock });
    const { moments } = await lease.take(4, SECOND);
    lease.giveBack(moments.slice(1));
    expect((await lease.take(2, SECOND, moments[2]! - 1)).moments).toEqual(moments.slice(2));
    const { moments: anew } = await lease.take(1, SECOND, SECOND / 2);
    expect(anew[0]).toBeGreaterThanOrEqual(SECOND / 2);
    expect((await lease.take(2, SECOND)).moments[0]).toBe(moments[1]);
  });

  it('is not leased anew to bulk, which looks less far ahead than what has been leased', async () => {
    const { stores } = await openSharded(2);
    const clock = standing(() => 0);
    const lease = createRateLease({ home: stores.home, spacing: apart(100), furthestMs: SECOND, clock });
    expect((await lease.take(30, SECOND)).moments.length).toBeGreaterThan(9);
    const bulk = await lease.take(5, SECOND / 2);
    expect(bulk.moments).toEqual([]);
    expect(bulk.nextAt).toBeGreaterThan(SECOND / 2);
  });

  it('holds in every interval over 8 shards and 2 workers', async () => {
    const { openWorker, message } = await openSharded(8, INTERVAL);
    const workers = [openWorker(), openWorker()];
    const moments: number[] = [];
    // A moment comes to the shard with the call that uses it: late by the way of that call, and never early.
    let longest = 0;
    const ask = async (ledger: Ledger): Promise<void> => {
      while (moments.length < 150) {
        const askedAt = performance.now();
        const { verdict } = await ledger.admit(message());
        longest = Math.max(longest, performance.now() - askedAt);
        if (verdict.kind === 'granted') moments.push(verdict.grant.deadlineAt - LEASE);
        else await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    await Promise.all(workers.flatMap(({ ledgers }) => ledgers.map(ask)));
    moments.sort((a, b) => a - b);
    const MAX = 50;
    for (let i = MAX; i < moments.length; i++)
      expect(moments[i]! - moments[i - MAX]!).toBeGreaterThanOrEqual(MAX * INTERVAL - longest - 2);
  });

  it('leaves the half of the time ahead to what is urgent, whatever bulk another shard asks for', async () => {
    const { openWorker, message } = await openSharded(2, 100);
    const [one, two] = openWorker().ledgers;
    const bulk = Array.from({ length: 30 }, () => one!.admit({ ...message(), bulk: true }));
    const urgent = await two!.admit(message());
    expect(urgent.verdict.kind).toBe('granted');
    const waits = (await Promise.all(bulk)).flatMap(({ verdict }) =>
      verdict.kind === 'granted' ? [verdict.grant.waitMs] : [],
    );
    expect(Math.max(...waits)).toBeLessThanOrEqual(500);
    expect((await openWorker().ledgers[0]!.admit(message())).verdict.kind).toBe('granted');
  });

  it('is all there for the only shard that is busy', async () => {
    const { openWorker, message } = await openSharded(8, INTERVAL);
    const [busy] = openWorker().ledgers;
    const granted = await Promise.all(Array.from({ length: 90 }, () => busy!.admit(message())));
    expect(new Set(kinds(granted))).toEqual(new Set(['granted']));
    const waits = granted.map(({ verdict }) => (verdict.kind === 'granted' ? verdict.grant.waitMs : 0));
    expect(Math.max(...waits)).toBeLessThanOrEqual(SECOND);
    const further = await Promise.all(Array.from({ length: 300 }, () => busy!.admit(message())));
    expect(kinds(further)).toContain('resting');
  });
});

describe('rule 8 over shards: stop, rest and breaker', () => {
  it('a stop that one shard learns of holds in all of them, until it is ended for all', async () => {
    const { stores, openWorker, message } = await openSharded(4);
    const worker = openWorker({ credentials: 'old' });
    const one = message();
    const { nonce } = await worker.ledgers[0]!.admit(one);
    const stop = { reason: 'credentials' } as const;
    await worker.ledgers[0]!.settle(
      settlementOf(one, nonce, { effect: 'waived', final: undefined, stop, health: 'up' }),
    );
    for (const each of [stores.home, ...stores.shards])
      expect((await readChannelState(each)).stopped).toMatchObject({ reason: 'credentials' });
    const other = openWorker({ credentials: 'new' });
    const ask = () => Promise.all(other.ledgers.map((ledger) => ledger.admit(message())));
    expect(kinds(await ask())).toEqual(Array(4).fill('stopped'));
    expect(await other.holds.resume('old')).toBe(false);
    expect(await other.holds.resume('new')).toBe(true);
    expect(kinds(await ask())).toEqual(Array(4).fill('granted'));
  });

  it('a rest that the platform asked for holds in all of them', async () => {
    const { openWorker, message } = await openSharded(4);
    const { ledgers } = openWorker();
    const one = message();
    const { nonce } = await ledgers[2]!.admit(one);
    const rest = { reason: 'rate_limited', ms: MINUTE } as const;
    await ledgers[2]!.settle(settlementOf(one, nonce, { effect: 'waived', final: undefined, rest }));
    const { verdict } = await ledgers[0]!.admit(message());
    expect(verdict).toMatchObject({ kind: 'resting', reason: 'rate_limited', cause: 'platform_rate' });
    expect((verdict as { waitMs: number }).waitMs).toBeGreaterThan(MINUTE - SECOND);
  });

  it('what was told later is not undone by what was read before', async () => {
    const { stores } = await openSharded(2);
    await stopChannel(stores.home, 'paused');
    // Who tells of the stop is held up after it has read it; another tells of its end.
    let goOn = (): void => {};
    const heldUp = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const reached: string[] = [];
    const slow = stores.shards.map((shard) => ({
      ...shard,
      async run(...call: Parameters<typeof shard.run>) {
        reached.push(shard.name);
        await heldUp;
        return await shard.run(...call);
      },
    }));
    const late = spreadHolds({ home: stores.home, shards: slow });
    await eventually('it to have read', () => reached.length === 2);
    await resumeChannel(stores.home);
    await spreadHolds(stores);
    goOn();
    await late;
    for (const shard of stores.shards) expect((await readChannelState(shard)).stopped).toBeNull();
  });

  it('a home that forgot what it told, and whose clock is behind, is heard nevertheless', async () => {
    const { stores } = await openSharded(2);
    await spreadHolds(stores);
    const ahead = (await store.now()) + MINUTE;
    for (const { keys, redis } of stores.shards) await redis.hset(keys.state, 'holdsVersion', ahead);
    await stopChannel(stores.home, 'paused');
    await spreadHolds(stores);
    for (const shard of stores.shards)
      expect((await readChannelState(shard)).stopped).toMatchObject({ reason: 'paused' });
  });

  it('failures in a row are counted for the channel, whichever shard they are of', async () => {
    const { openWorker, message } = await openSharded(3);
    const { ledgers } = openWorker();
    const fail = async (shard: number, health: 'up' | 'down') => {
      const one = message();
      const { nonce } = await ledgers[shard]!.admit(one);
      const settlement = settlementOf(one, nonce, { effect: 'spent', final: undefined, health });
      return (await ledgers[shard]!.settle(settlement)).failures;
    };
    expect([await fail(0, 'down'), await fail(1, 'down'), await fail(2, 'down')]).toEqual([1, 2, 3]);
    await fail(1, 'up');
    expect(await fail(0, 'down')).toBe(1);
  });

  it('a message that was delivered does not wait for a home that is away', async () => {
    const { stores, openWorker, message } = await openSharded(2);
    const { ledgers } = openWorker({ told: away(stores.home).store });
    const one = message();
    const { nonce } = await ledgers[0]!.admit(one);
    expect(await ledgers[0]!.settle(settlementOf(one, nonce, { health: 'up' }))).toMatchObject({
      status: 'first',
    });
  });

  it('only what says something of the channel waits for a home that is away', async () => {
    const { stores, openWorker, message } = await openSharded(2);
    const { store: told, asked, back } = away(stores.home);
    const { ledgers } = openWorker({ told });
    const [failing, resting, joined, behind] = await grantsOf(
      ledgers[0]!,
      Array.from({ length: 4 }, message),
    );
    const resolved: string[] = [];
    const rest = { reason: 'rate_limited', ms: MINUTE } as const;
    const telling = [
      ledgers[0]!.settle(settlementOf(...failing!, { ...FAILED, health: 'down' })),
      ledgers[0]!.settle(settlementOf(...resting!, { effect: 'waived', final: undefined, rest })),
    ].map((settling) => settling.finally(() => resolved.push('told')));
    const settled = ledgers[0]!.settle(settlementOf(...joined!, {}));
    expect(await settled).toMatchObject({ status: 'first' });
    expect(await ledgers[0]!.settle(settlementOf(...behind!, {}))).toMatchObject({ status: 'first' });
    await eventually('the home to be asked', () => asked.length === 1);
    expect(resolved).toEqual([]);
    back();
    expect(await Promise.all(telling)).toMatchObject([
      { status: 'open', failures: 1, opens: 0 },
      { status: 'open', failures: 0, opens: 0 },
    ]);
    const { verdict } = await ledgers[1]!.admit(message());
    expect(verdict).toMatchObject({ kind: 'resting', cause: 'platform_rate' });
  });

  it('what settlements of any shard say while the home is asked is told by one call', async () => {
    const { stores, openWorker, message } = await openSharded(2);
    const { store: told, asked, back } = away(stores.home);
    const { ledgers } = openWorker({ told });
    const [first, ...others] = await grantsOf(ledgers[0]!, Array.from({ length: 6 }, message));
    const another = await grantsOf(ledgers[1]!, Array.from({ length: 5 }, message));
    const fail = (ledger: Ledger, [each, nonce]: Granted) =>
      ledger.settle(settlementOf(each, nonce, { ...FAILED, health: 'down' }));
    const failing = [fail(ledgers[0]!, first!)];
    await eventually('the home to be asked', () => asked.length === 1);
    failing.push(...others.map((each) => fail(ledgers[0]!, each)));
    failing.push(...another.map((each) => fail(ledgers[1]!, each)));
    // These answers come after those to the settlements.
    await Promise.all(ledgers.map((ledger) => ledger.admit(message())));
    back();
    const failures = (await Promise.all(failing)).map((each) => each.failures);
    expect(failures.sort((a, b) => a - b)).toEqual(Array.from({ length: 11 }, (_, i) => i + 1));
    expect(asked).toHaveLength(2);
  });

  it('a shard that is away keeps only those waiting that it has to be told of', async () => {
    const { stores, openWorker, message } = await openSharded(2);
    const { ledgers } = openWorker();
    const [resting, failing] = await grantsOf(ledgers[0]!, [message(), message()]);
    const { store: shard, asked, back } = away(stores.shards[1]!);
    stores.shards[1]!.run = shard.run;
    const resolved: string[] = [];
    const rest = { reason: 'rate_limited', ms: MINUTE } as const;
    const told = ledgers[0]!
      .settle(settlementOf(...resting!, { effect: 'waived', final: undefined, rest }))
      .finally(() => resolved.push('told'));
    await eventually('the shard to be told', () => asked.length === 1);
    const failed = await ledgers[0]!.settle(settlementOf(...failing!, { ...FAILED, health: 'down' }));
    expect(failed).toMatchObject({ failures: 1 });
    expect(resolved).toEqual([]);
    back();
    await told;
  });

  it('what the home cannot be told fails alone, and has held in its shard', async () => {
    const { stores, openWorker, message } = await openSharded(2);
    const told = { ...stores.home, run: () => Promise.reject(new Error('closed')) };
    const { ledgers } = openWorker({ told });
    const [failing, joined] = await grantsOf(ledgers[0]!, [message(), message()]);
    const [failed, delivered] = await Promise.allSettled([
      ledgers[0]!.settle(
        settlementOf(...failing!, {
          effect: 'spent',
          final: EXHAUSTED,
          letter: deadLetterOf(failing![0]),
          health: 'down',
        }),
      ),
      ledgers[0]!.settle(settlementOf(...joined!, {})),
    ]);
    expect(failed).toMatchObject({ status: 'rejected', reason: { message: 'closed' } });
    expect(delivered).toMatchObject({ status: 'fulfilled', value: { status: 'first' } });
    const verdicts = await Promise.all([ledgers[0]!.admit(failing![0]), ledgers[0]!.admit(joined![0])]);
    expect(kinds(verdicts)).toEqual(['known', 'known']);
  });

  it('the breaker opens in all of them also where the answer of the home was lost', async () => {
    const { stores, openWorker, message } = await openSharded(3);
    const told = channelStore(repeating(store.redis), stores.home.name);
    const { holds, ledgers } = openWorker({ told });
    await holds.open(MINUTE, 0);
    await eventually('every shard to rest', async () => {
      const answers = await Promise.all(ledgers.map((ledger) => ledger.admit(message())));
      return kinds(answers).every((kind) => kind === 'resting');
    });
  });

  it('those that find the breaker open share what they tell the shards, and wait for none', async () => {
    const { stores, openWorker } = await openSharded(2);
    const { holds } = openWorker();
    expect(await holds.open(MINUTE, 0)).toBe(true);
    const { store: shard, asked, back } = away(stores.shards[1]!);
    stores.shards[1]!.run = shard.run;
    const opened = await Promise.all(Array.from({ length: 20 }, () => holds.open(MINUTE, 0)));
    expect(new Set(opened)).toEqual(new Set([false]));
    await eventually('the shard to be told', () => asked.length > 0);
    expect(asked).toHaveLength(1);
    back();
  });

  it('of two that went ahead only the later one, as the first took too long, is told of whatever comes of it', async () => {
    const { openWorker, message } = await openSharded(1);
    const { holds } = openWorker();
    for (const nonce of ['first...', 'later...']) holds.probing(nonce);
    const back = (nonce: string) => settlementOf(message(), nonce, { effect: 'back', final: undefined });
    expect(holds.note(back('first...'))).toBeUndefined();
    expect(await holds.note(back('later...'))).toEqual({ failures: 0, opens: 0 });
    expect(holds.note(back('later...'))).toBeUndefined();
  });

  it('after a rest of the breaker one message goes ahead, of all shards and workers', async () => {
    const { stores, openWorker, message } = await openSharded(3);
    const workers = [openWorker(), openWorker()];
    expect(await workers[0]!.holds.open(1, 0)).toBe(true);
    await store.until((await store.now()) + 5);
    const asked = workers.flatMap(({ ledgers }) => ledgers.map((ledger) => ({ ledger, one: message() })));
    const answers = await Promise.all(asked.map(({ ledger, one }) => ledger.admit(one)));
    expect(kinds(answers).filter((kind) => kind === 'granted')).toHaveLength(1);
    const ahead = kinds(answers).indexOf('granted');
    const { ledger, one } = asked[ahead]!;
    expect((await readChannelState(stores.home)).probing).toBe(true);
    await ledger.settle(settlementOf(one, answers[ahead]!.nonce, { health: 'up' }));
    const after = await Promise.all(
      workers.flatMap(({ ledgers }) => ledgers.map((each) => each.admit(message()))),
    );
    expect(new Set(kinds(after))).toEqual(new Set(['granted']));
  });

  it('a message that goes ahead and cannot be sent lets the next one', async () => {
    const { openWorker, message } = await openSharded(2);
    const { holds, ledgers } = openWorker();
    await holds.open(1, 0);
    await store.until((await store.now()) + 5);
    const expired = { ...message(), expiresAt: 1 };
    const first = message();
    const [gone, granted] = await Promise.all([ledgers[0]!.admit(expired), ledgers[0]!.admit(first)]);
    expect([gone.verdict.kind, granted.verdict.kind]).toEqual(['expired', 'granted']);
    const settled = await ledgers[0]!.settle(
      settlementOf(first, granted.nonce, { effect: 'back', final: undefined }),
    );
    // Figures would open the breaker once more, for longer.
    expect(settled).toMatchObject({ status: 'open', failures: 0, opens: 0 });
    expect((await ledgers[1]!.admit(message())).verdict.kind).toBe('granted');
  });
});
