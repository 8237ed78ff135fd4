import { expect, it } from 'vitest';
import { readChannelState } from '../../src/ledger/channel-state.ts';
import { loadScript } from '../../src/ledger/script.ts';
import { unhurried } from '../../testing/slowness.ts';
import { DAY, HOUR, type Lab, MINUTE, openLab, SECOND, useStore } from './harness.ts';

const store = useStore();
const probe = loadScript('../../../test/ledger/wait-probe.lua');

/** One message for each of so many seconds, from this instant on. */
const noteWaits = async ({ store: channel }: Lab, from: number, seconds: number): Promise<unknown> =>
  await channel.run(probe, [String(Math.ceil(from / SECOND)), String(seconds)]);

const waitsOf = async (lab: Lab) => (await readChannelState(lab.store)).waits;

/** Milliseconds of Redis for one sample. */
async function sampleCost(lab: Lab): Promise<number> {
  await readChannelState(lab.store);
  await store.redis.config('RESETSTAT');
  for (let i = 0; i < 5; i += 1) await readChannelState(lab.store);
  const stats = await store.redis.info('commandstats');
  return Number(/cmdstat_evalsha:.*usec_per_call=([\d.]+)/.exec(stats)?.[1]) / 1000;
}

it('are summed at the same cost, whether they are due in one second or in a day of them', async () => {
  const [few, many] = [await openLab(store), await openLab(store)];
  const from = (await store.now()) + HOUR;
  await noteWaits(few, from, 1);
  await noteWaits(many, from, DAY / SECOND);
  expect(await waitsOf(many)).toEqual({
    quota: { count: DAY / SECOND, since: Math.ceil(from / SECOND) * SECOND - DAY },
  });
  expect(await sampleCost(many)).toBeLessThan((await sampleCost(few)) + unhurried(5));
});

it('that came due while nobody took a sample are taken off by the next ones', async () => {
  const lab = await openLab(store);
  const now = await store.now();
  await noteWaits(lab, now + HOUR, 10);
  await noteWaits(lab, now + 2 * HOUR, 1);
  // As if three hours had passed since the last sample.
  const seconds = await store.redis.hkeys(lab.store.keys.waitsDue);
  const shift = async (field: string) => {
    const [kind, second] = field.split(':') as [string, string];
    const value = await store.redis.hget(lab.store.keys.waitsDue, field);
    const earlier = String(Number(second) - (1.5 * HOUR) / SECOND);
    await store.redis.hdel(lab.store.keys.waitsDue, field);
    await store.redis.hset(lab.store.keys.waitsDue, `${kind}:${earlier}`, value ?? '');
    await store.redis.zrem(lab.store.keys.waitsSince(kind), second);
    await store.redis.zadd(lab.store.keys.waitsSince(kind), Number(value?.split(':')[1]), earlier);
  };
  for (const field of seconds) if (field.includes(':')) await shift(field);
  await store.redis.hincrby(lab.store.keys.waitsDue, 'swept', (-3 * HOUR) / SECOND);
  for (let i = 0; i < 3; i += 1) await waitsOf(lab);
  expect(await waitsOf(lab)).toMatchObject({ quota: { count: 1 } });
  expect(await store.redis.hlen(lab.store.keys.waitsDue)).toBe(2);
  expect(await store.redis.zcard(lab.store.keys.waitsSince('quota'))).toBe(1);
});

it('are counted on when the clock of the store was set back', async () => {
  const lab = await openLab(store);
  await waitsOf(lab);
  await store.redis.hincrby(lab.store.keys.waitsDue, 'swept', DAY / SECOND);
  await noteWaits(lab, (await store.now()) + MINUTE, 2);
  expect(await waitsOf(lab)).toMatchObject({ quota: { count: 2 } });
  const swept = Number(await store.redis.hget(lab.store.keys.waitsDue, 'swept'));
  expect(swept * SECOND).toBeLessThanOrEqual(await store.now());
});

it('are read from a store that is full, and taken off once it takes writes again', async () => {
  const lab = await openLab(store);
  const second = Math.ceil((await store.now()) / SECOND) + 1;
  await noteWaits(lab, second * SECOND, 1);
  await waitsOf(lab);
  await store.until(second * SECOND);
  await store.redis.config('SET', 'maxmemory', '1');
  expect(await waitsOf(lab)).toMatchObject({ quota: { count: 1 } });
  await store.redis.config('SET', 'maxmemory', '0');
  expect(await waitsOf(lab)).toEqual({});
});

it('of an earlier version are counted, and then kept like the others', async () => {
  const lab = await openLab(store);
  const now = await store.now();
  const at = (ms: number): string => String(Math.ceil((now + ms) / SECOND));
  await store.redis.hset(`${lab.base}:waits`, {
    [`slot:${at(HOUR)}`]: `3:${now - HOUR}`,
    [`slot:${at(DAY)}`]: `1:${now - MINUTE}`,
    [`more:${at(HOUR)}`]: `7:${now}`,
    [`slot:${at(-HOUR)}`]: `9:${now - DAY}`,
    garbage: 'x',
  });
  await noteWaits(lab, now + MINUTE, 1);
  const { waits, more } = await readChannelState(lab.store);
  expect([waits.quota?.count, more.scheduled]).toEqual([5, 7]);
  expect(await store.redis.exists(`${lab.base}:waits`)).toBe(0);
  expect(await waitsOf(lab)).toEqual(waits);
});
