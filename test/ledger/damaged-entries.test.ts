import { expect, it } from 'vitest';
import { replayListed } from '../../src/dead-letters/records.ts';
import { readChannelState } from '../../src/ledger/channel-state.ts';
import { newNonce } from '../../src/ledger/names.ts';
import { loadScript } from '../../src/ledger/script.ts';
import type { LedgerMessage } from '../../src/ledger/types.ts';
import { channelKeys } from '../../src/redis/keys.ts';
import { DAY, EXHAUSTED, type Lab, type MessageFields, openLab, SENT, useStore } from './harness.ts';

const store = useStore();
const probe = loadScript('../../../test/ledger/table-probe.lua');

const messagesOf = (lab: Lab, count: number) =>
  Array.from({ length: count }, (_, i) => lab.message({ to: `${i}` }));

const outcomes = async (calls: Promise<unknown>[]): Promise<string[]> =>
  (await Promise.allSettled(calls)).map(({ status }) => status);

const allBut = (damaged: number, count: number): string[] =>
  Array.from({ length: count }, (_, i) => (i === damaged ? 'rejected' : 'fulfilled'));

it('a damaged record fails its own message alone, until it is removed', async () => {
  const lab = await openLab(store);
  const messages = messagesOf(lab, 20);
  await store.redis.hset(`${lab.base}:m:0`, messages[7]!.key, 'x');
  expect(await outcomes(messages.map(lab.grant))).toEqual(allBut(7, 20));
  await store.redis.hdel(`${lab.base}:m:0`, messages[7]!.key);
  expect(await lab.verdict(messages[7]!)).toMatchObject({ kind: 'granted' });
});

it('a record that cannot be read is none once it is over', async () => {
  const lab = await openLab(store);
  const [first, message] = messagesOf(lab, 2) as [LedgerMessage, LedgerMessage];
  await lab.grant(first);
  const over = Buffer.alloc(11);
  over.writeUIntBE((await store.now()) - 1, 0, 6);
  await store.redis.hset(`${lab.base}:m:0`, message.key, over);
  expect(await lab.verdict(message)).toMatchObject({ kind: 'granted' });
});

it('a damaged slot fails its own recipient alone', async () => {
  const lab = await openLab(store);
  const messages = messagesOf(lab, 20);
  await store.redis.hset(`${lab.base}:s:0`, messages[7]!.recipient, 'x');
  expect(await outcomes(messages.map(lab.grant))).toEqual(allBut(7, 20));
});

it('a bucket that is split keeps its entries, and a damaged one among them', async () => {
  const base = '{damaged}:split';
  const later = (await store.now()) + DAY;
  const fields = Array.from({ length: 1000 }, (_, i) => `field-${i}`);
  const run = (ops: unknown[]) => probe.run(store.redis, [base], ['0', JSON.stringify(ops), '1']);
  await run([['put', 'first', later, 'value']]);
  await store.redis.hset(`${base}:0`, 'damaged', 'x');
  const puts = fields.map((field) => run([['put', field, later, field]]));
  expect(new Set(await outcomes(puts))).toEqual(new Set(['fulfilled']));
  expect(await run(fields.map((field) => ['get', field]))).toEqual(fields);
  const buckets = await store.redis.keys(`${base}:*`);
  expect(buckets.length).toBeGreaterThan(10);
  const kept = await Promise.all(buckets.map((bucket) => store.redis.hget(bucket, 'damaged')));
  expect(kept.filter((value) => value === 'x')).toHaveLength(1);
});

it('a bucket stays whole when the place of its other half is taken by something else', async () => {
  const base = '{damaged}:taken';
  const later = (await store.now()) + DAY;
  const fields = Array.from({ length: 200 }, (_, i) => `field-${i}`);
  const run = (ops: unknown[]) => probe.run(store.redis, [base], ['0', JSON.stringify(ops), '1']);
  await store.redis.set(`${base}:1`, 'junk');
  expect(new Set(await outcomes(fields.map((field) => run([['put', field, later, field]]))))).toContain(
    'rejected',
  );
  expect(await run(fields.map((field) => ['get', field]))).toEqual(fields);
});

it('figures of the channel that are none do not stop it', async () => {
  const lab = await openLab(store, { interval: 1, widen: 1, keep: 10_000 });
  const figures = ['tat', 'takenBack', 'widen', 'widenUntil', 'opens', 'probeUntil', 'restUntil', 'failures'];
  await store.redis.hset(`${lab.base}:channel`, ...figures.flatMap((figure) => [figure, 'junk']));
  const message = lab.message();
  const grant = await lab.grant(message);
  const settled = await lab.settle(message, grant, 'doubt', { health: 'down' });
  expect(settled).toMatchObject({ status: 'doubt', failures: 1, opens: 0 });
});

it('counts for the gauges that are none begin anew, and stop nothing', async () => {
  const lab = await openLab(store);
  const end = lab.policy(await store.now()).windows!.find((start) => start > Date.now())!;
  const counts = ['doubts', `slots:held:${end}`, `slots:spent:${end}`];
  await store.redis.hset(`${lab.base}:channel`, ...counts.flatMap((count) => [count, 'junk']));
  const [sent, lost] = messagesOf(lab, 2) as [LedgerMessage, LedgerMessage];
  await lab.deliver(sent, await lab.grant(sent));
  const grant = await lab.grant(lost);
  expect(await lab.settle(lost, grant, 'doubt')).toMatchObject({ status: 'doubt' });
  const { slots } = await readChannelState(lab.store);
  expect(slots).toEqual({ held: 1, spent: 1 });
});

it('totals that no counter can have count as none', async () => {
  const lab = await openLab(store);
  await store.redis.hset(lab.store.keys.state, { 'total:enqueued': '-5', 'total:removed:purged': 'junk' });
  expect((await readChannelState(lab.store)).totals).toEqual({ enqueued: 0, 'removed:purged': 0 });
});

it('notes of waits that cannot be read are passed over', async () => {
  const lab = await openLab(store);
  const due = (await store.now()) + DAY;
  const { waits, waitsDue } = lab.store.keys;
  await store.redis.hset(waits, 'junk', 'junk', 'recipient_busy', 'junk');
  await store.redis.hset(waitsDue, 'swept', 'junk', `recipient_busy:${Math.ceil(due / 1000)}`, 'junk');
  const wait = { cause: 'recipient_busy' as const, untilMs: due, since: due - DAY };
  await lab.settle(lab.message(), { nonce: newNonce() }, 'none', { wait });
  const { waits: seen } = await readChannelState(lab.store);
  expect(seen).toEqual({ recipient_busy: { count: 1, since: due - DAY } });
  expect(Number(await store.redis.hget(waitsDue, 'swept'))).toBeGreaterThan(0);
});

it('a sum of waits that is off is right again once nothing waits', async () => {
  const lab = await openLab(store);
  await store.redis.hset(lab.store.keys.waits, 'quota', -7);
  await readChannelState(lab.store);
  const wait = { cause: 'quota' as const, untilMs: (await store.now()) + DAY, since: 1 };
  await lab.settle(lab.message(), { nonce: newNonce() }, 'none', { wait });
  expect((await readChannelState(lab.store)).waits).toEqual({ quota: { count: 1, since: 1 } });
});

it('a settlement among damaged records is told once', async () => {
  const lab = await openLab(store, { quota: false });
  const messages = messagesOf(lab, 20);
  const grants = await Promise.all(messages.map(lab.grant));
  await store.redis.hset(`${lab.base}:m:0`, messages[7]!.key, 'x');
  const settle = messages.map((message, i) => lab.settle(message, grants[i]!, 'delivered', { final: SENT }));
  expect(await outcomes(settle)).toEqual(allBut(7, 20));
  expect(await lab.receipts()).toHaveLength(19);
});

async function dead(lab: Lab, fields: readonly MessageFields[]) {
  const messages = fields.map(lab.message);
  for (const message of messages)
    await lab.settle(message, await lab.grant(message), 'spent', { final: EXHAUSTED });
  return {
    messages,
    letters: await Promise.all(messages.map(async (message) => (await lab.letter(message))!)),
  };
}

const waiting = async (lab: Lab): Promise<string[]> =>
  (await store.redis.lrange(`${lab.base.slice(0, -'ledger'.length)}wait`, 0, -1)).reverse();

it('a damaged record keeps its own dead letter alone from being replayed', async () => {
  const lab = await openLab(store, { attempts: 1 });
  const { messages, letters } = await dead(lab, [{ to: '1' }, { to: '2' }, { to: '3' }]);
  await store.redis.hset(`${lab.base}:m:0`, messages[1]!.key, 'x');
  expect(await replayListed(lab.store, letters)).toEqual(['replayed', 'damaged', 'replayed']);
  expect(await lab.letter(messages[1]!)).toEqual(letters[1]);
  await store.redis.hdel(`${lab.base}:m:0`, messages[1]!.key);
  expect(await replayListed(lab.store, letters)).toEqual(['gone', 'replayed', 'gone']);
  const jobs = [messages[0]!, messages[2]!, messages[1]!].map(({ jobId }) => `${jobId}:#2`);
  expect(await waiting(lab)).toEqual(jobs);
});

it('a replay that fails half way loses no message', async () => {
  const lab = await openLab(store, { attempts: 1 });
  const { messages, letters } = await dead(lab, [{ to: '1' }, { to: '2', campaign: 'spring' }]);
  await store.redis.hset(`${lab.base}:campaign:spring`, 'state', 'sending');
  await store.redis.set(`${lab.base}:campaign:spring:chunks`, 'junk');
  await expect(replayListed(lab.store, letters)).rejects.toThrow(/WRONGTYPE/);
  expect(await waiting(lab)).toEqual([]);
  await store.redis.del(`${lab.base}:campaign:spring:chunks`);
  expect(await replayListed(lab.store, letters)).toEqual(['continued', 'continued']);
  expect(await waiting(lab)).toEqual(messages.map(({ jobId }) => `${jobId}:#2`));
});

it('nothing is admitted or settled while the receipts cannot be written, and none is missing afterwards', async () => {
  const lab = await openLab(store, { quota: false });
  const [first, second] = messagesOf(lab, 2) as [LedgerMessage, LedgerMessage];
  const grant = await lab.grant(first);
  await store.redis.set(channelKeys(lab.channel).receipts, 'junk');
  expect(await outcomes([lab.deliver(first, grant), lab.admit(second)])).toEqual(['rejected', 'rejected']);
  await store.redis.del(channelKeys(lab.channel).receipts);
  expect(await lab.deliver(first, grant)).toMatchObject({ status: 'first' });
  await lab.deliver(second, await lab.grant(second));
  expect((await lab.receipts()).map(({ id }) => id)).toEqual([first.id, second.id]);
});
