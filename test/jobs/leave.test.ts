import { beforeEach, expect, it } from 'vitest';
import { cancelMessage, rescheduleMessage } from '../../src/jobs/control.ts';
import type { Entry, EntrySource } from '../../src/jobs/envelope.ts';
import { entryId } from '../../src/jobs/job-ids.ts';
import { createLeave, entriesThatAre, leaveFailedJob } from '../../src/jobs/leave.ts';
import type { LedgerMessage } from '../../src/ledger/types.ts';
import {
  DAY,
  deadLetterOf,
  EXHAUSTED,
  HOUR,
  type Lab,
  openLab,
  SECOND,
  useStore,
} from '../ledger/harness.ts';

const JOB = 'e9_job';
const store = useStore();
let lab: Lab;
beforeEach(async () => {
  lab = await openLab(store, { attempts: 1, quota: false });
});

function sourceOf(ledger: LedgerMessage): EntrySource {
  const { data, ...source } = deadLetterOf(ledger);
  return { ...source, data: () => data };
}

/** The message of a place in the job, as its worker reads it. */
function entry(position: number, id = `m-${position}`, priority = 0): Entry {
  const ledger = lab.message({ id, jobId: entryId(JOB, position) });
  const source = { ...sourceOf(ledger), priority };
  return { kind: 'delivery', delivery: { ledger, source } as never };
}
const messageOf = (each: Entry) => (each.kind === 'delivery' ? each.delivery.ledger : undefined)!;

const queueKey = (key: string): string => `${lab.base.slice(0, -'ledger'.length)}${key}`;
const leaveBy = (offsetMs: number) => createLeave(lab.store, { offsetMs: () => offsetMs });
const waiting = () => store.redis.zrange(queueKey('prioritized'), '0', '-1');
async function dueAt(id: string): Promise<number> {
  return Math.floor(Number(await store.redis.zscore(queueKey('delayed'), id)) / 0x1000);
}

it('a message that leaves has a job of its own, which any worker may pick up', async () => {
  const leave = leaveBy(0);
  await Promise.all([leave({ entry: entry(0) }), leave({ entry: entry(3, 'm-3', 4) })]);
  // Behind what was sent alone with its priority.
  expect(await waiting()).toEqual([`${JOB}:0`, `${JOB}:3`]);
  expect(await store.redis.zscore(queueKey('prioritized'), `${JOB}:0`)).toBe(String(2 ** 32 + 1));
  expect(await store.redis.zscore(queueKey('marker'), '0')).toBe('0');
  expect(await store.redis.hgetall(queueKey(`${JOB}:3`))).toMatchObject({
    ...{ name: 'message', data: '{"id":"m-3"}', timestamp: '1700000000000', priority: '9' },
  });
});

it('and is not picked up before its time, by the store’s clock, nor by that of a worker that is ahead', async () => {
  const until = (await store.now()) + 60 * SECOND;
  // Further off than this, a worker picks up nothing and its clock is not believed.
  const offsets = [0, 500, -500, 60 * SECOND];
  for (const [position, offsetMs] of offsets.entries())
    await leaveBy(offsetMs)({ entry: entry(position), until });
  expect(await waiting()).toEqual([]);
  const due = await Promise.all(offsets.map((_, position) => dueAt(`${JOB}:${position}`)));
  expect(due).toEqual([until, until + 500, until, until]);
});

it('leaves once, however often it is told to', async () => {
  await leaveBy(0)({ entry: entry(0) });
  // A worker has the job: it is in no list.
  await store.redis.del(queueKey('prioritized'));
  await leaveBy(0)({ entry: entry(0), until: (await store.now()) + SECOND });
  expect(await waiting()).toEqual([]);
  expect(await store.redis.zcard(queueKey('delayed'))).toBe(0);
});

it('what has left or ended is over for the job, and nothing else', async () => {
  const entries = Array.from({ length: 6 }, (_, position) => entry(position));
  const [left, delivered, dead, open, others, damaged] = entries as [
    Entry,
    Entry,
    Entry,
    Entry,
    Entry,
    Entry,
  ];
  await leaveBy(0)({ entry: left });
  await lab.deliver(messageOf(delivered), await lab.grant(messageOf(delivered)));
  await lab.settle(messageOf(dead), await lab.grant(messageOf(dead)), 'spent', {
    final: EXHAUSTED,
    letter: deadLetterOf(messageOf(dead)),
  });
  await lab.grant(messageOf(open));
  // Another job's message of the same id: admission says that this one is a duplicate.
  const foreign = lab.message({ id: messageOf(others).id, jobId: 'foreign' });
  await lab.deliver(foreign, await lab.grant(foreign));
  await store.redis.hset(`${lab.base}:m:0`, messageOf(damaged).key, 'x');
  const newer: Entry = {
    kind: 'newer',
    v: 2,
    origin: entryId(JOB, 7),
    source: sourceOf(messageOf(left)),
  };
  await leaveBy(0)({ entry: newer });
  const unread: Entry = { ...newer, origin: entryId(JOB, 8) };
  const over = await entriesThatAre('ended', [...entries, newer, unread], lab.store);
  expect([...over]).toEqual([left, delivered, dead, newer]);
});

it('a job in the failed set goes when all of it has left', async () => {
  await store.redis.hset(queueKey(JOB), { name: 'messages', data: '{}', 'herald:more': '1' });
  await store.redis.hset(`${lab.base}:channel`, 'more', '4');
  await store.redis.zadd(queueKey('failed'), 1, JOB);
  await leaveFailedJob(lab.store, JOB, [entry(0), entry(1)]);
  expect(await waiting()).toEqual([`${JOB}:0`, `${JOB}:1`]);
  expect(await store.redis.exists(queueKey(JOB), queueKey('failed'))).toBe(0);
  // What the others have is still counted.
  expect(await store.redis.hget(`${lab.base}:channel`, 'more')).toBe('3');
});

/** A message that is dealt out to this store. */
const dealt = (ledger: LedgerMessage, notBefore?: number) => ({
  entry: { kind: 'delivery', delivery: { ledger: lab.present(ledger), source: sourceOf(ledger) } } as never,
  away: { notBefore },
});

it('a message that is dealt out is enlisted once its id may be used again', async () => {
  const earlier = ['daily', 'weekly'].map((id) => lab.message({ id, jobId: `earlier-${id}` }));
  for (const message of earlier) await lab.deliver(message, await lab.grant(message));
  const tooSoon = lab.message({ id: 'daily', jobId: 'too-soon' });
  await leaveBy(0)(dealt(tooSoon));
  expect(await lab.verdict(tooSoon)).toMatchObject({ kind: 'duplicate' });

  await lab.elapse(DAY + HOUR);
  const now = await store.now();
  const [daily, weekly] = ['daily', 'weekly'].map((id) =>
    lab.message({ id, jobId: `later-${id}`, sendInMs: 3 * DAY }),
  ) as [LedgerMessage, LedgerMessage];
  const leave = leaveBy(0);
  await Promise.all([leave(dealt(daily, now)), leave(dealt(weekly))]);
  // Sent when it was rescheduled to, and not when its data say.
  await lab.grant(daily);
  expect(await rescheduleMessage(lab.store, 'weekly', now + DAY)).toEqual({ status: 'rescheduled' });
  expect(await cancelMessage(lab.store, 'weekly')).toBe('cancelled');
});

it('a damaged record keeps none of those that leave with its message from being enlisted', async () => {
  const messages = ['1', '2', '3'].map((id) => lab.message({ id, jobId: `job-of-${id}` }));
  await store.redis.hset(`${lab.base}:m:0`, messages[1]!.key, 'x');
  const leave = leaveBy(0);
  await Promise.all(messages.map((message) => leave(dealt(message))));
  for (const id of ['1', '3']) expect(await cancelMessage(lab.store, id)).toBe('cancelled');
});
