import { describe, expect } from 'vitest';
import { newestDeadLetters, oldestFirst, reasonRanges } from '../../src/dead-letters/index-by-reason.ts';
import { selectDeadLetters } from '../../src/dead-letters/selection.ts';
import { channelKeys } from '../../src/redis/keys.ts';
import { it } from '../admin/admin-fixture.ts';
import { CHANNEL, type Environment } from '../support/environment.ts';

const BASE = channelKeys(CHANNEL).ledger;

const list = (env: Environment, reason: string, ...letters: [at: number, name: string][]): Promise<unknown> =>
  env.redis.zadd(`${BASE}:letters:${reason}`, ...letters.flat());

async function announced(openEnvironment: () => Promise<Environment>): Promise<Environment> {
  const env = await openEnvironment();
  await (await env.worker()).close();
  return env;
}

describe.concurrent('the list of letters', () => {
  it('is read oldest first over all reasons, past pages and equal times', async ({
    openEnvironment,
    openInstallation,
  }) => {
    const env = await announced(openEnvironment);
    const crowd = Array.from({ length: 2_300 }, (_, i): [number, string] => [5, `same-${i}`]);
    const later = Array.from({ length: 300 }, (_, i): [number, string] => [10 + 2 * i, `even-${i}`]);
    const odd = Array.from({ length: 300 }, (_, i): [number, string] => [11 + 2 * i, `odd-${i}`]);
    await list(env, 'exhausted', ...crowd, ...later);
    await list(env, 'bad_request', ...odd);
    const installation = await openInstallation(env);
    const seen: { name: string; diedAt: number }[] = [];
    for await (const letter of oldestFirst(reasonRanges(installation, {}, 1_000_000))) seen.push(letter);
    expect(seen.map(({ diedAt }) => diedAt)).toEqual(seen.map(({ diedAt }) => diedAt).sort((a, b) => a - b));
    expect(new Set(seen.map(({ name }) => name)).size).toBe(2_900);
    expect(seen).toHaveLength(2_900);
  });

  it('is read through while letters vanish from it', async ({ openEnvironment, openInstallation }) => {
    const env = await announced(openEnvironment);
    const letters = Array.from({ length: 1_600 }, (_, i): [number, string] => [i + 1, `letter-${i}`]);
    await list(env, 'exhausted', ...letters);
    const installation = await openInstallation(env);
    let seen = 0;
    for await (const { name } of oldestFirst(reasonRanges(installation, {}, 1_000_000))) {
      seen += 1;
      await env.redis.zrem(`${BASE}:letters:exhausted`, name);
    }
    expect(seen).toBe(1_600);
  });

  it('is narrowed by time, inclusive, and by the moment before which it is read', async ({
    openEnvironment,
    openInstallation,
  }) => {
    const env = await announced(openEnvironment);
    await list(env, 'exhausted', [10, 'a'], [20, 'b'], [30, 'c'], [40, 'd']);
    const installation = await openInstallation(env);
    const ids = async (since: number, until: number, before: number): Promise<string[]> => {
      const filter = { since: new Date(since), until: new Date(until) };
      const letters = await newestDeadLetters(reasonRanges(installation, filter, before), 10);
      return letters.map(({ name }) => name);
    };
    expect(await ids(20, 30, 1000)).toEqual(['b', 'c']);
    expect(await ids(0, 100, 40)).toEqual(['a', 'b', 'c']);
  });

  it('is counted by channel and reason', async ({ openEnvironment, openInstallation }) => {
    const env = await announced(openEnvironment);
    await list(env, 'exhausted', [10, 'a'], [20, 'b']);
    await list(env, 'stalled', [15, 'c']);
    const installation = await openInstallation(env);
    const plan = await selectDeadLetters(installation, { limit: 2 });
    expect(plan.letters).toBe(2);
    expect(plan.groups).toEqual([
      { channel: CHANNEL, reason: 'exhausted', letters: 2, oldest: 10, newest: 20 },
      { channel: CHANNEL, reason: 'stalled', letters: 1, oldest: 15, newest: 15 },
    ]);
    const taken: string[] = [];
    for await (const { name } of plan.read()) taken.push(name);
    expect(taken).toEqual(['a', 'c']);
  });
});
