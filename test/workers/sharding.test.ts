import { expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { explainMessage } from '../../src/ledger/lookups.ts';
import { type FailoverDetector, newGate } from '../../src/ledger/store-gate.ts';
import type { LedgerMessage, Settlement } from '../../src/ledger/types.ts';
import { kongregate } from '../../src/platforms/kongregate/kongregate.ts';
import { policyText } from '../../src/policies/quota-change.ts';
import { channelStore } from '../../src/redis/channel-store.ts';
import { storeNames } from '../../src/redis/shards.ts';
import { createStoreClock } from '../../src/redis/store-clock.ts';
import { openChannelLedger } from '../../src/workers/channel-ledger.ts';
import type { ChannelLog } from '../../src/workers/channel-log.ts';
import { createSharding, type ShardingDeps } from '../../src/workers/sharding.ts';
import { channelConfig } from '../config/channel-config.ts';
import { openLab, SENT, useStore } from '../ledger/harness.ts';
import { meeting } from '../ledger/meeting.ts';

const store = useStore();

const clock = createStoreClock(systemClock);
const storeOf = (name: string) => channelStore(store.redis, name);

/** A channel over two shards, and what they share in a worker. */
function openSharded(name: string, homeWatch: Partial<FailoverDetector>) {
  const channel = channelConfig({ name, platform: 'kongregate', shards: 2, eligibility: false, rate: false });
  const sharding = createSharding(channel, {
    stores: { of: () => ({ watch: homeWatch }), ledgers: { of: storeOf } },
    ...{ credentials: 'c', rate: undefined, clock },
  } as unknown as ShardingDeps)!;
  return { channel, sharding };
}

const inDoubt = (message: LedgerMessage, nonce = 'AAAAAAAA'): Settlement => ({
  ...{ message, nonce, effect: 'doubt', health: 'down' },
});

/** Another worker may ask about the same message once the hold is over, and has to find what became of it. */
it('tells the home while it is on hold, once what this worker knew is restored', async () => {
  const lab = await openLab(store);
  const onHold = { pending: () => new Promise<void>(() => {}), restoring: () => undefined };
  const { holds } = openSharded(lab.channel, onHold).sharding;
  expect(await holds.note(inDoubt(lab.message()))).toEqual({ failures: 1, opens: 0 });
});

it('waits for a home that is away neither to settle in a shard nor to remember that', async () => {
  const lab = await openLab(store);
  const home = newGate();
  const { channel, sharding } = openSharded(lab.channel, { restoring: () => home.opened });
  const [name] = storeNames(lab.channel, 2);
  const shard = storeOf(name!);
  const putInForce = () => store.redis.set(shard.keys.policy, policyText(channel));
  await putInForce();
  const { store: watch, meetStore } = meeting();
  const ledger = openChannelLedger(channel, {
    ...{ clock, watch, sharding, store: shard, definition: kongregate, credentials: 'c' },
    ...{ keepReceipts: 1_000, margin: undefined, log: { restored() {} } as unknown as ChannelLog },
    timing: { called() {}, monotonic: clock.monotonic },
  });
  const messages = ['1', '2', '3'].map((to) => lab.message({ to }));
  const admitted = await Promise.all(messages.map((each) => ledger.admit(each)));
  expect(admitted.map(({ verdict }) => verdict)).toMatchObject(Array(3).fill({ kind: 'granted' }));
  const nonces = admitted.map(({ nonce }) => nonce);
  const [failing, joined, behind] = messages as [LedgerMessage, LedgerMessage, LedgerMessage];
  const deliver = (message: LedgerMessage) =>
    ledger.settle({
      ...{ message, nonce: nonces[messages.indexOf(message)]!, effect: 'delivered', final: SENT },
      health: 'up',
    });
  const failed = ledger.settle(inDoubt(failing, nonces[0]));
  expect(await deliver(joined)).toMatchObject({ status: 'first' });
  expect(await deliver(behind)).toMatchObject({ status: 'first' });

  await store.redis.flushall();
  await putInForce();
  await meetStore();
  const recordOf = async (message: LedgerMessage) => (await explainMessage(shard, message)).record;
  expect(await recordOf(joined)).toMatchObject({ state: 'd' });
  expect(await recordOf(behind)).toMatchObject({ state: 'd' });
  expect((await recordOf(failing))?.['doubt_at']).toBeGreaterThan(0);

  home.open();
  expect(await failed).toMatchObject({ status: 'doubt', failures: 1 });
});
