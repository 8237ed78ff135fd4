import { expect, it } from 'vitest';
import { loadScript } from '../../src/ledger/script.ts';
import { DAY, HOUR, SECOND, useStore } from './harness.ts';

const store = useStore();
const probe = loadScript('../../../test/ledger/table-probe.lua');
const BATCH = 500;
let tables = 0;

type Op = ['put', field: string, instant: number, text: string] | ['get' | 'remove', field: string];

function openTable(ttlMs = 0, grainMs = 1, base = `{tables}:${++tables}`) {
  const redis = () => store.redis;
  return {
    base,
    async run(ops: readonly Op[]): Promise<string[]> {
      const found: string[] = [];
      for (let i = 0; i < ops.length; i += BATCH) {
        const batch = JSON.stringify(ops.slice(i, i + BATCH));
        found.push(...((await probe.run(redis(), [base], [`${ttlMs}`, batch, `${grainMs}`])) as string[]));
      }
      return found;
    },
    buckets: () => redis().keys(`${base}:*`),
    async stored(): Promise<number> {
      const buckets = await redis().keys(`${base}:*`);
      const lengths = await Promise.all(buckets.map((bucket) => redis().hlen(bucket)));
      return lengths.reduce((sum, length) => sum + length, 0);
    },
  };
}

const range = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i);

it('finds all of 20,000 entries again at every size on the way, none lost or doubled by the splits', async () => {
  const table = openTable();
  const later = (await store.now()) + DAY;
  for (const size of [1, 2, 4, 7, 11, 16, 20].map((thousands) => thousands * 1_000)) {
    const before = await table.stored();
    await table.run(range(size - before, before).map((i): Op => ['put', `field-${i}`, later, `value-${i}`]));
    expect(await table.stored()).toBe(size);
    const found = await table.run(range(size).map((i): Op => ['get', `field-${i}`]));
    expect(found.filter((text, i) => text !== `value-${i}`)).toEqual([]);
  }
  expect((await table.buckets()).length).toBeGreaterThan(200);
  expect(await table.run([['get', 'field-20000']])).toEqual(['']);
});

it('keeps every bucket a listpack, at every size on the way, and no more buckets than it needs', async () => {
  const table = openTable();
  const later = (await store.now()) + DAY;
  for (const step of range(10)) {
    await table.run(range(1000, step * 1000).map((i): Op => ['put', `${i}`, later, 'x'.repeat(30)]));
    const buckets = await table.buckets();
    const encodings = await Promise.all(buckets.map((bucket) => store.redis.object('ENCODING', bucket)));
    expect(new Set(encodings)).toEqual(new Set(['listpack']));
    expect(((step + 1) * 1000) / buckets.length).toBeGreaterThan(35);
  }
});

it('answers the last value that was put, and nothing once it is removed', async () => {
  const table = openTable();
  const later = (await store.now()) + DAY;
  await table.run(range(1000).map((i): Op => ['put', `${i}`, later, 'first']));
  await table.run(range(500).map((i): Op => ['put', `${i}`, later + HOUR, 'second']));
  await table.run(range(250).map((i): Op => ['remove', `${i}`]));
  const found = await table.run(range(1000).map((i): Op => ['get', `${i}`]));
  expect(found).toEqual([...Array(250).fill(''), ...Array(250).fill('second'), ...Array(500).fill('first')]);
  expect(await table.stored()).toBe(750);
});

it('overwrites without growing', async () => {
  const table = openTable();
  const later = (await store.now()) + DAY;
  for (const round of range(5)) {
    await table.run(range(90).map((i): Op => ['put', `${i}`, later + round, `${round}`]));
  }
  expect(await table.stored()).toBe(90);
  expect(await table.buckets()).toEqual([`${table.base}:0`]);
});

it('does not answer an entry that is over, although its bucket still holds it', async () => {
  const table = openTable(HOUR);
  const now = await store.now();
  await table.run([
    ['put', 'live', now, 'live'],
    ['put', 'over', now - HOUR - 1, 'over'],
  ]);
  expect(await table.stored()).toBe(2);
  expect(
    await table.run([
      ['get', 'live'],
      ['get', 'over'],
    ]),
  ).toEqual(['live', '']);
});

it('drops what is over when a bucket is full, before it makes another one', async () => {
  const table = openTable(HOUR);
  const now = await store.now();
  await table.run([['put', 'live', now, 'live']]);
  await table.run(range(95).map((i): Op => ['put', `over-${i}`, now - HOUR - 1, '']));
  await table.run(range(20).map((i): Op => ['put', `new-${i}`, now, `${i}`]));
  expect(await table.buckets()).toEqual([`${table.base}:0`]);
  expect(await table.stored()).toBe(21);
  expect(await table.run([['get', 'live'], ...range(20).map((i): Op => ['get', `new-${i}`])])).toEqual([
    'live',
    ...range(20).map(String),
  ]);
});

it('drops what is over when a bucket is split', async () => {
  const table = openTable(HOUR);
  const now = await store.now();
  await table.run(range(60).map((i): Op => ['put', `over-${i}`, now - HOUR - 1, '']));
  await table.run(range(2_000).map((i): Op => ['put', `new-${i}`, now, '']));
  expect(await table.stored()).toBe(2_000);
});

it('lets no bucket expire before its last entry, nor its number of buckets before any bucket', async () => {
  const table = openTable(HOUR);
  const now = await store.now();
  const instant = (i: number) => now + ((i * 7919) % (10 * HOUR));
  await table.run(range(2_000).map((i): Op => ['put', `${i}`, instant(i), `${instant(i) + HOUR}`]));
  const expiry = await store.redis.pexpiretime(table.base);
  const buckets = await table.buckets();
  expect(buckets.length).toBeGreaterThan(20);
  for (const bucket of buckets) {
    const entries = Object.values(await store.redis.hgetall(bucket));
    const last = Math.max(...entries.map((value) => Number(value.slice(-13))));
    const bucketExpiry = await store.redis.pexpiretime(bucket);
    expect(bucketExpiry).toBeGreaterThanOrEqual(last);
    expect(bucketExpiry).toBeLessThanOrEqual(expiry);
  }
  // Nor does anything stay for long after the last of all.
  expect(expiry).toBeLessThanOrEqual(instant(2_000) + 11 * HOUR);
});

it('puts off its end when an entry is put anew', async () => {
  const table = openTable();
  const now = await store.now();
  await table.run(range(200).map((i): Op => ['put', `${i}`, now + HOUR, '']));
  await table.run([['put', '0', now + DAY, 'later']]);
  expect(await store.redis.pexpiretime(table.base)).toBeGreaterThanOrEqual(now + DAY);
  const expiries = await Promise.all(
    (await table.buckets()).map((bucket) => store.redis.pexpiretime(bucket)),
  );
  expect(Math.max(...expiries)).toBeGreaterThanOrEqual(now + DAY);
});

it('keeps what it is told to keep for longer than before', async () => {
  const table = openTable(DAY);
  const now = await store.now();
  await table.run([['put', 'a', now, 'x']]);
  await openTable(2 * DAY, 1, table.base).run([
    ['get', 'a'],
    ['put', 'a', now, 'x'],
  ]);
  const [bucket] = await table.buckets();
  expect(await store.redis.pexpiretime(bucket!)).toBeGreaterThanOrEqual(now + 2 * DAY);
});

it('does not shorten the life of a bucket by an entry that is over sooner', async () => {
  const table = openTable();
  const now = await store.now();
  await table.run([
    ['put', 'long', now + DAY, 'long'],
    ['put', 'short', now + SECOND, 'short'],
    ['put', 'long', now + DAY, 'longer'],
  ]);
  expect(await store.redis.pexpiretime(`${table.base}:0`)).toBeGreaterThanOrEqual(now + DAY);
});

it('is gone without a trace once it has expired, and begins anew', async () => {
  const table = openTable();
  const now = await store.now();
  await table.run(range(300).map((i): Op => ['put', `${i}`, now + DAY, '']));
  const keys = [table.base, ...(await table.buckets())];
  const over = now + 50;
  const early = (await store.redis.pexpiretime(table.base)) - over;
  for (const key of keys) await store.redis.pexpireat(key, (await store.redis.pexpiretime(key)) - early);
  await store.until(over + 1);
  expect(await store.redis.exists(...keys)).toBe(0);
  await table.run(range(300).map((i): Op => ['put', `${i}`, now + DAY, `${i}`]));
  expect(await table.run(range(300).map((i): Op => ['get', `${i}`]))).toEqual(range(300).map(String));
});
