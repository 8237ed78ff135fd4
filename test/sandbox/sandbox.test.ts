import { request } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/index.ts';

let sandbox: Sandbox;
afterEach(() => sandbox.close());

async function start(options?: SandboxOptions) {
  sandbox = await startSandbox(options);
}

async function pm(fields: Record<string, unknown>): Promise<unknown> {
  const body = JSON.stringify({ api_key: 'sandbox-key', content: 'hi', ...fields });
  const headers = { 'content-type': 'application/json' };
  const url = `${sandbox.url}/kongregate/api/private_message.json`;
  const answer = await request(url, { method: 'POST', headers, body });
  expect(answer.statusCode).toBe(200);
  return answer.body.json();
}

async function control(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown) {
  const answer = await request(`${sandbox.url}/sandbox${path}`, {
    method,
    ...(body !== undefined && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  });
  const text = await answer.body.text();
  return { status: answer.statusCode, body: text === '' ? undefined : JSON.parse(text) };
}

/** Two messages are of one day, whenever a test sends them. */
const ROLLING_DAY: SandboxOptions = { kongregate: { boundary: 'rolling' } };

const success = { success: true };
const dailyLimit = { success: false, errors: [expect.stringContaining('per day')] };
const notPlayed = {
  success: false,
  errors: ["Game cannot send a PM to someone who hasn't played the game within 2 weeks."],
};

describe("Kongregate's rules", () => {
  it('take one message a player and day, days in UTC', async () => {
    let now = Date.UTC(2026, 0, 1, 23, 59, 59, 999);
    await start({ clock: { now: () => now, monotonic: () => now } });
    expect(await pm({ user_id: 1 })).toEqual(success);
    expect(await pm({ user_id: 1 })).toEqual(dailyLimit);
    expect(await pm({ user_id: 2 })).toEqual(success);
    now += 1;
    expect(await pm({ user_id: 1 })).toEqual(success);
    expect(sandbox.journal.report()).toMatchObject({
      calls: 4,
      accepted: 3,
      results: { accepted: 3, daily_limit: 1 },
      acceptedMoreThanOnce: 1,
    });
  });

  it('take a shorter day, for those who cannot wait', async () => {
    let now = 9_999;
    await start({ clock: { now: () => now, monotonic: () => now }, kongregate: { dayMs: 10_000 } });
    expect(await pm({ user_id: 1 })).toEqual(success);
    now = 10_000;
    expect(await pm({ user_id: 1 })).toEqual(success);
    now = 19_999;
    expect(await pm({ user_id: 1 })).toEqual(dailyLimit);
    sandbox.kongregate.newDay();
    expect(await pm({ user_id: 1 })).toEqual(success);
  });

  it('begin the day when they are told to', async () => {
    let now = 12_999;
    const day = { dayMs: 10_000, dayOffsetMs: 3_000 };
    await start({ clock: { now: () => now, monotonic: () => now }, kongregate: day });
    expect(await pm({ user_id: 1 })).toEqual(success);
    now = 13_000;
    expect(await pm({ user_id: 1 })).toEqual(success);
    now = 22_999;
    expect(await pm({ user_id: 1 })).toEqual(dailyLimit);
  });

  it('count a rolling day from the last message', async () => {
    let now = 9_999;
    const day = { dayMs: 10_000, boundary: 'rolling' } as const;
    await start({ clock: { now: () => now, monotonic: () => now }, kongregate: day });
    expect(await pm({ user_id: 1 })).toEqual(success);
    now = 19_998;
    expect(await pm({ user_id: 1 })).toEqual(dailyLimit);
    now = 19_999;
    expect(await pm({ user_id: 1 })).toEqual(success);
  });

  it('know of messages that somebody else sent', async () => {
    await start(ROLLING_DAY);
    sandbox.kongregate.players.set({ userId: 5, username: 'Ann' });
    const body = JSON.stringify([{ username: 'ann' }, { userId: 6 }]);
    const headers = { 'content-type': 'application/json' };
    const foreign = await fetch(`${sandbox.url}/sandbox/kongregate/foreign`, {
      method: 'POST',
      headers,
      body,
    });
    expect(foreign.status).toBe(204);
    for (const user_id of [5, 6]) expect(await pm({ user_id })).toEqual(dailyLimit);
    expect(await pm({ user_id: 8 })).toEqual(success);
  });

  it('know players by the last digit until told otherwise', async () => {
    await start();
    expect(await pm({ user_id: 27 })).toEqual(notPlayed);
    expect(await pm({ user_id: 30 })).toMatchObject({ success: false, errors: ['Unknown user.'] });
    sandbox.kongregate.players.set({ userId: 27 }, { userId: 1, state: 'not_played' });
    expect(await pm({ user_id: 27 })).toEqual(success);
    expect(await pm({ user_id: 1 })).toEqual(notPlayed);
  });

  it('know one person by id and by name', async () => {
    await start(ROLLING_DAY);
    sandbox.kongregate.players.set({ userId: 5, username: 'Ann' });
    expect(await pm({ user_id: 5 })).toEqual(success);
    expect(await pm({ username: 'ann' })).toEqual(dailyLimit);
  });

  it.each([
    [{ api_key: 'wrong', user_id: 1 }, 403],
    [{ user_id: 1, content: '' }, 400],
    [{}, 400],
    [{ user_id: 1, username: 'ann' }, 400],
    [{ user_id: '1' }, 400],
    [{ username: 'far_too_long_a_name' }, 400],
  ])('refuse %o in the other envelope', async (fields, error) => {
    await start();
    expect(await pm(fields)).toEqual({ success: false, error, error_description: expect.any(String) });
  });

  it('answer 200 even to what is no JSON', async () => {
    await start();
    const url = `${sandbox.url}/kongregate/api/private_message.json`;
    const headers = { 'content-type': 'application/json' };
    const answer = await request(url, { method: 'POST', headers, body: '{nonsense' });
    expect([answer.statusCode, await answer.body.json()]).toMatchObject([
      200,
      { success: false, error: 400 },
    ]);
  });
});

describe('faults', () => {
  it('strike as often as they were asked to, and only whom they fit', async () => {
    await start({ faults: [{ kind: 'answer', body: '"struck"', count: 2, recipients: ['1', '@ann'] }] });
    const answers = [];
    for (const fields of [{ user_id: 2 }, { user_id: 1 }, { username: 'Ann' }, { user_id: 1 }])
      answers.push(await pm(fields));
    expect(answers).toEqual([success, 'struck', 'struck', success]);
    expect(sandbox.journal.report().faults).toEqual({ answer: 2 });
    expect(sandbox.faults.list()).toEqual([]);
  });

  it('strike by chance, and the same way with the same seed', async () => {
    const run = async () => {
      await start({ seed: 7, faults: [{ kind: 'answer', body: '"struck"', probability: 0.5 }] });
      const struck: boolean[] = [];
      for (let id = 1; id <= 60; id += 1) struck.push((await pm({ user_id: id })) === 'struck');
      await sandbox.close();
      return struck;
    };
    const first = await run();
    expect(await run()).toEqual(first);
    expect(first.filter(Boolean).length).toBeGreaterThan(15);
    expect(first.filter(Boolean).length).toBeLessThan(45);
  });

  it('delay an answer and the fault after it', async () => {
    await start();
    sandbox.faults.add({ kind: 'latency', latencyMs: 60 }, { kind: 'answer', body: '"late"' });
    const began = performance.now();
    expect(await pm({ user_id: 1 })).toBe('late');
    expect(performance.now() - began).toBeGreaterThanOrEqual(55);
  });

  it('let the sandbox close while calls hang or are late', async () => {
    await start();
    sandbox.faults.add(
      { kind: 'hang', recipients: ['1'] },
      { kind: 'latency', latencyMs: 60_000, recipients: ['2'] },
    );
    const calls = [pm({ user_id: 1 }), pm({ user_id: 2 })].map((call) =>
      call.then(String, () => 'broken off'),
    );
    await expect.poll(() => sandbox.journal.report().calls).toBe(1);
    await sandbox.close();
    expect(await Promise.all(calls)).toEqual(['broken off', 'broken off']);
  });

  it('are refused when they are none', async () => {
    await start();
    expect(() => sandbox.faults.add({ kind: 'server_error', status: 200 })).toThrow(/status/);
  });
});

describe('the journal', () => {
  it('keeps the latest calls and the counts of all', async () => {
    await start({ keepCalls: 3 });
    for (let id = 1; id <= 6; id += 1) await pm({ user_id: id, content: `to ${id}` });
    await pm({ user_id: 7 });
    expect(sandbox.journal.calls().map(({ recipient, content }) => [recipient, content])).toEqual([
      ['5', 'to 5'],
      ['6', 'to 6'],
      ['7', 'hi'],
    ]);
    expect(sandbox.journal.report()).toMatchObject({ calls: 7, results: { accepted: 6, not_played: 1 } });
    expect(sandbox.journal.recipients().get('1')).toEqual({ calls: 1, accepted: 1 });
  });
});

describe('the control interface', () => {
  it('sets players, keys and faults, and reads out what happened', async () => {
    await start();
    expect(await control('PUT', '/kongregate/players', [{ userId: 1, state: 'not_played' }])).toMatchObject({
      status: 204,
    });
    expect(await control('PUT', '/kongregate/keys', ['other-key'])).toMatchObject({ status: 204 });
    expect(await control('POST', '/faults', [{ kind: 'blank', count: 1, recipients: ['9'] }])).toMatchObject({
      status: 200,
      body: [{ kind: 'blank', count: 1, accepted: false }],
    });
    expect(await pm({ user_id: 2 })).toMatchObject({ error: 403 });
    expect(await pm({ user_id: 1, api_key: 'other-key' })).toEqual(notPlayed);
    expect(await pm({ user_id: 2, api_key: 'other-key' })).toEqual(success);
    expect((await control('GET', '/report')).body).toEqual({
      calls: 3,
      accepted: 1,
      results: { bad_credentials: 1, not_played: 1, accepted: 1 },
      faults: {},
      acceptedMoreThanOnce: 0,
    });
    expect((await control('GET', '/recipients')).body).toEqual({
      1: { calls: 1, accepted: 0 },
      2: { calls: 2, accepted: 1 },
    });
    expect((await control('GET', '/calls?recipient=2&limit=1')).body).toMatchObject([
      { platform: 'kongregate', recipient: '2', result: 'accepted', content: 'hi' },
    ]);
  });

  it('starts over', async () => {
    await start({ ...ROLLING_DAY, faults: [{ kind: 'hang', recipients: ['9'] }] });
    await pm({ user_id: 1 });
    expect(await control('POST', '/kongregate/new-day')).toMatchObject({ status: 204 });
    expect(await pm({ user_id: 1 })).toEqual(success);
    await control('DELETE', '/faults');
    expect((await control('GET', '/faults')).body).toEqual([]);
    await control('POST', '/reset');
    expect((await control('GET', '/report')).body).toMatchObject({ calls: 0, results: {} });
    expect(await pm({ user_id: 1 })).toEqual(dailyLimit);
  });

  it.each([
    ['/faults', 'POST', [{ kind: 'earthquake' }], /^0\.kind: expected one of latency, server_error/],
    ['/faults', 'POST', [{ kind: 'reset', counts: 1 }], /^0\.counts: is not a known field/],
    ['/faults', 'POST', [{ kind: 'latency' }], /^0\.latencyMs: is missing/],
    ['/kongregate/players', 'PUT', [{ state: 'played' }], /^a player needs/],
    ['/kongregate/players', 'PUT', { userId: 1 }, /^body: expected a list/],
    ['/kongregate/keys', 'PUT', [''], /^0: /],
  ] as const)('refuses what %s does not take', async (path, method, body, error) => {
    await start();
    expect(await control(method, path, body)).toMatchObject({
      status: 400,
      body: { error: expect.stringMatching(error) },
    });
  });
});
