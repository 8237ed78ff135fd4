import { describe, expect } from 'vitest';
import { listDeadLetters } from '../../src/dead-letters/dead-letters.ts';
import { groupDeadLetters } from '../../src/dead-letters/groups.ts';
import { type DeadLetterQuery, selectDeadLetters } from '../../src/dead-letters/selection.ts';
import { channelKeys } from '../../src/redis/keys.ts';
import { it } from '../admin/admin-fixture.ts';
import { CHANNEL, type Environment } from '../support/environment.ts';

const BASE = channelKeys(CHANNEL).ledger;

/** Letters as a worker writes them, the first at the instant 1. */
async function keep(
  env: Environment,
  reason: string,
  details: readonly string[],
  campaign?: string,
): Promise<void> {
  const pipeline = env.redis.pipeline();
  for (const [i, detail] of details.entries()) {
    const name = `${reason}-${i + 1}`;
    const letter = {
      m: name,
      id: name,
      job: name,
      e: 0,
      t: '1',
      detail,
      reason,
      run: 1,
      attempts: 1,
      at: i + 1,
      ...(campaign !== undefined && { campaign }),
    };
    pipeline.hset(`${BASE}:letters`, name, JSON.stringify(letter));
    pipeline.zadd(`${BASE}:letters:${reason}`, i + 1, name);
  }
  await pipeline.exec();
}

describe('the groups of dead letters', () => {
  it('count what differs by addresses, ids and long numbers only, the largest group first', async ({
    openEnvironment,
    openInstallation,
  }) => {
    const env = await openEnvironment();
    await (await env.worker()).close();
    await keep(env, 'bad_request', ['HTTP 422: too long']);
    await keep(env, 'bad_recipient', [
      ...Array.from({ length: 1200 }, (_, i) => `no user ${10_000 + i}`),
      'HTTP 404: no such page',
      "Invalid email 'ann.lee+x@example.com'",
      "Invalid email 'bob@example.org'",
      ...['Invalid user ID 10', 'Invalid user ID 420', 'Invalid user ID 7'],
      'no account 8f14e45f-ceea-467f-ab1e-3f0e2a6b7c11',
      'HTTP 410: no such page',
    ]);
    const { groups, total } = await groupDeadLetters(await openInstallation(env), {});
    expect(total).toBe(1209);
    expect(groups[0]).toEqual({
      channel: CHANNEL,
      reason: 'bad_recipient',
      detail: 'no user …',
      letters: 1200,
      oldest: 1,
      newest: 1200,
      example: 'bad_recipient-1200',
    });
    expect(groups.slice(1).map(({ reason, detail, letters }) => [reason, detail, letters])).toEqual([
      ['bad_recipient', 'Invalid user ID …', 3],
      ['bad_recipient', "Invalid email '…'", 2],
      ['bad_request', 'HTTP 422: too long', 1],
      ['bad_recipient', 'HTTP 404: no such page', 1],
      ['bad_recipient', 'no account …', 1],
      ['bad_recipient', 'HTTP 410: no such page', 1],
    ]);
  });

  it('keep few texts of a platform that never says the same twice', async ({
    openEnvironment,
    openInstallation,
  }) => {
    const env = await openEnvironment();
    await (await env.worker()).close();
    const words = Array.from(
      { length: 1_500 },
      (_, i) => `no ${String.fromCharCode(97 + (i % 26), 97 + Math.floor(i / 26))}`,
    );
    await keep(env, 'exhausted', words);
    const { groups, total } = await groupDeadLetters(await openInstallation(env), { since: new Date(2) });
    expect(total).toBe(1_499);
    expect(groups).toHaveLength(1_001);
    expect(groups[0]).toMatchObject({ detail: '(other texts)', letters: 499 });
  });
});

describe('dead letters of one error text', () => {
  const TEXTS = [
    ...['no user 10001', 'too long', 'no user 10002', "no\naddress of a@b@c or 'x@y.example'"],
    ...Array.from({ length: 1_200 }, (_, i) => (i % 2 === 0 ? `no user ${20_000 + i}` : 'too long')),
  ];

  it.for<[text: string, by: DeadLetterQuery, letters: number]>([
    ['no user …', {}, 602],
    ['no user 10002', {}, 602],
    ['no user', {}, 0],
    ['too long', { reasons: ['exhausted'] }, 0],
    ['too long', { since: new Date(3) }, 600],
    ['too long', { limit: 7 }, 7],
    ['too long', { ids: ['bad_request-1', 'bad_request-2'] }, 1],
    ["no address of … or '…'", {}, 0],
    ["no\naddress of a@b@c or 'x@y.example'", {}, 1],
  ])('%j by %j are %d', async ([detail, by, letters], { openEnvironment, openInstallation, expect }) => {
    const env = await openEnvironment();
    await (await env.worker()).close();
    await keep(env, 'bad_request', TEXTS);
    const installation = await openInstallation(env);
    const { read, ...plan } = await selectDeadLetters(installation, { detail, ...by });
    expect(plan.letters).toBe(letters);
    const diedAt: number[] = [];
    for await (const letter of read()) diedAt.push(letter.diedAt);
    expect(diedAt).toHaveLength(letters);
    expect(diedAt).toEqual(diedAt.toSorted((a, b) => a - b));
  });

  it('are grouped and listed like all others', async ({ openEnvironment, openInstallation }) => {
    const env = await openEnvironment();
    await (await env.worker()).close();
    await keep(env, 'bad_request', TEXTS);
    const installation = await openInstallation(env);
    const selection = { detail: 'no user …' };
    const { groups, total } = await groupDeadLetters(installation, selection);
    expect(total).toBe(602);
    expect(groups).toMatchObject([{ detail: 'no user …', letters: 602, oldest: 1, newest: 1_203 }]);
    const { groups: planned } = await selectDeadLetters(installation, selection);
    expect(planned).toEqual([
      { channel: CHANNEL, reason: 'bad_request', letters: 602, oldest: 1, newest: 1_203 },
    ]);
    const list = await listDeadLetters(installation, selection, 2);
    expect([list.total, list.letters.map(({ diedAt }) => diedAt)]).toEqual([602, [1_201, 1_203]]);
  });

  it('leave out one that died again of something else meanwhile', async ({
    openEnvironment,
    openInstallation,
  }) => {
    const env = await openEnvironment();
    await (await env.worker()).close();
    await keep(env, 'bad_request', ['too long']);
    const installation = await openInstallation(env);
    const { read } = await selectDeadLetters(installation, { detail: 'too long' });
    // The record of the second death, and the index as it was read before.
    const record = JSON.parse((await env.redis.hget(`${BASE}:letters`, 'bad_request-1'))!);
    await env.redis.hset(`${BASE}:letters`, 'bad_request-1', JSON.stringify({ ...record, at: 2 }));
    expect((await read()[Symbol.asyncIterator]().next()).done).toBe(true);
  });
});

describe('dead letters of one campaign', () => {
  it.for<[by: DeadLetterQuery, letters: number]>([
    [{}, 1_203],
    [{ reasons: ['bad_request'] }, 1_200],
    [{ detail: 'no user …' }, 600],
    [{ since: new Date(3) }, 1_199],
    [{ limit: 7 }, 7],
    [{ ids: ['bad_request-1', 'exhausted-1', 'stalled-1'] }, 2],
    [{ campaign: 'autumn' }, 2],
    [{ campaign: 'Spring' }, 0],
  ])('by %j are %d', async ([by, letters], { openEnvironment, openInstallation, expect }) => {
    const env = await openEnvironment();
    await (await env.worker()).close();
    const texts = Array.from({ length: 1_200 }, (_, i) =>
      i % 2 === 0 ? `no user ${20_000 + i}` : 'too long',
    );
    await keep(env, 'bad_request', texts, 'spring');
    await keep(env, 'exhausted', ['refused', 'reset', 'reset'], 'spring');
    await keep(env, 'bad_recipient', ['no user 10001', 'reset'], 'autumn');
    await keep(env, 'stalled', ['reset']);
    const installation = await openInstallation(env);
    const selection = { campaign: 'spring', ...by };
    const { read, groups, ...plan } = await selectDeadLetters(installation, selection);
    expect(plan.letters).toBe(letters);
    let seen = 0;
    for await (const { name } of read()) seen += name === 'stalled-1' ? Number.NaN : 1;
    expect(seen).toBe(letters);
    const matching = groups.reduce((sum, group) => sum + group.letters, 0);
    if (!by.ids) expect((await groupDeadLetters(installation, selection)).total).toBe(matching);
    const list = await listDeadLetters(installation, selection, 5);
    expect(list.letters).toHaveLength(Math.min(5, matching));
  });
});
