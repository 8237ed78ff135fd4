import { describe, expect } from 'vitest';
import { groupDeadLetters } from '../../src/dead-letters/groups.ts';
import { channelKeys } from '../../src/redis/keys.ts';
import { it } from '../admin/admin-fixture.ts';
import { CHANNEL, type Environment } from '../support/environment.ts';

const BASE = channelKeys(CHANNEL).ledger;

/** Letters as a worker writes them, the first at the instant 1. */
async function keep(env: Environment, reason: string, details: readonly string[]): Promise<void> {
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
