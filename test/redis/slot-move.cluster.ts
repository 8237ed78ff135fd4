import { readdirSync } from 'node:fs';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openQueue } from '../../src/jobs/open-queue.ts';
import { claimAccount } from '../../src/ledger/account.ts';
import { loadScript } from '../../src/ledger/script.ts';
import { channelStore } from '../../src/redis/channel-store.ts';
import { accountKey, channelKey, channelKeys } from '../../src/redis/keys.ts';
import { probeWrites } from '../../src/redis/write-probe.ts';
import type { ClusterNode } from '../../testing/cluster-node.ts';
import { type RedisCluster, startCluster } from '../../testing/own-cluster.ts';
import type { SlotMove } from '../../testing/slot-move.ts';

/**
 * While a slot is moved, no script may begin that would find some of its undeclared keys gone: each is refused before it runs, on
 * both sides, whether none or half of the keys have moved.
 */

const CHANNEL = 'moving';
const KEYS = channelKeys(CHANNEL);
/** Whatever a script declares exists on one side or the other. */
const HELD = [KEYS.receipts, KEYS.probe, KEYS.state, KEYS.policy, `${channelKey(CHANNEL)}:meta`];
const NOT_NOW = /^(?:ASK|TRYAGAIN) /;

let cluster: RedisCluster;
let move: SlotMove;
let source: Redis;
let target: Redis;

const client = (node: ClusterNode): Redis => new Redis(node.server.url, { maxRetriesPerRequest: 0 });

beforeAll(async () => {
  cluster = await startCluster();
  const from = await cluster.masterOf(KEYS.receipts);
  const to = (await cluster.masters()).find((node) => node !== from)!;
  [source, target] = [client(from), client(to)];
  const [stream, ...others] = HELD as [string, ...string[]];
  await source.xadd(stream, '*', 'v', '1');
  for (const key of others) await source.hset(key, 'version', '1');
  move = await cluster.beginMove(KEYS.receipts, to);
});
afterAll(async () => {
  source?.disconnect();
  target?.disconnect();
  await cluster?.close();
});

/** Scripts that run by themselves; the other files are included in them. */
const LEDGER = readdirSync(new URL('../../src/ledger/lua', import.meta.url)).filter(
  (file) => file !== 'account.lua' && file !== 'dry-run.lua',
);

async function refused(run: () => Promise<unknown>): Promise<void> {
  await expect(run()).rejects.toThrow(NOT_NOW);
}

const contents = async (): Promise<unknown> =>
  await Promise.all([source, target].map(async (redis) => (await redis.keys('*')).toSorted()));

describe.each([
  ['none of the keys', 0],
  ['some of the keys', 3],
])('where %s have moved', (_, count) => {
  beforeAll(async () => void (await move.keys(count)));

  it('refuses every script of the ledger', async () => {
    const before = await contents();
    const store = channelStore(source, CHANNEL);
    for (const file of LEDGER) await refused(() => store.run(loadScript(file), ['{}']));
    expect(await contents()).toEqual(before);
  });

  it('refuses the write probe', async () => {
    await refused(() => probeWrites(source, KEYS.probe));
  });

  it('refuses every script of BullMQ on a connection of ours', async () => {
    const redis = source.duplicate();
    const queue = openQueue(redis, CHANNEL);
    await queue.waitUntilReady();
    const commands = redis as unknown as Record<string, (args: unknown[]) => Promise<unknown>>;
    const names = Object.keys(commands).filter((name) => /^\w+:\d+\.\d+\.\d+$/.test(name));
    expect(names.length).toBeGreaterThan(40);
    const here: string[] = await source.cluster('GETKEYSINSLOT', move.slot, 1);
    const [held] = here as [string];
    const before = await contents();
    for (const name of names) await refused(() => commands[name]!(Array.from({ length: 40 }, () => held)));
    expect(await contents()).toEqual(before);
    await queue.close();
    redis.disconnect();
  });

  it('answers MOVED on the other side', async () => {
    const store = channelStore(target, CHANNEL);
    await expect(store.run(loadScript('sample.lua'), ['{}'])).rejects.toThrow(/^MOVED /);
    // One that was sent there by the source.
    await target.pipeline().asking().exec();
    const asked = target.pipeline().asking();
    asked.eval('return 1', 2, KEYS.ledger, KEYS.receipts);
    expect(String((await asked.exec())?.at(-1)?.[0])).toMatch(/TRYAGAIN /);
  });
});

it('lets a script run again once all keys have arrived', async () => {
  await move.finish();
  const store = channelStore(target, CHANNEL);
  await probeWrites(target, KEYS.probe);
  expect(await store.redis.exists(KEYS.probe)).toBe(1);
  await expect(channelStore(source, CHANNEL).run(loadScript('sample.lua'), ['{}'])).rejects.toThrow(
    /^MOVED /,
  );
});

it('claims an account by the one key that it touches: before it is moved, and after', async () => {
  const account = { key: accountKey('a'), channel: CHANNEL };
  const from = await cluster.masterOf(account.key);
  const to = (await cluster.masters()).find((node) => node !== from)!;
  const [before, after] = [client(from), client(to)];
  expect(await claimAccount(before, account)).toMatchObject({ channel: CHANNEL });
  const moving = await cluster.beginMove(account.key, to);
  expect(await claimAccount(before, { ...account, channel: 'other' })).toMatchObject({ channel: CHANNEL });
  await moving.keys();
  await refused(() => claimAccount(before, account));
  await moving.finish();
  expect(await claimAccount(after, { ...account, channel: 'other' })).toMatchObject({ channel: CHANNEL });
  before.disconnect();
  after.disconnect();
});
