import { describe, expect } from 'vitest';
import { API_KEY, CHANNEL, type Environment, it } from '../support/environment.ts';

const PLAYER = 11;

/** The numbers of the attempts that a worker logged, in order. */
const logged = (log: string): number[] =>
  log
    .split('\n')
    .filter((line) => line.includes('"msg":"attempt"'))
    .map((line) => (JSON.parse(line) as { attempt: number }).attempt);

/** Somebody else writes to the player, so that the platform refuses for the day. */
const writeAsStranger = (env: Environment): Promise<Response> =>
  fetch(`${env.sandbox.url}/kongregate/api/private_message.json`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ api_key: API_KEY, user_id: PLAYER, content: 'Hi' }),
  });

describe.concurrent('the log of a worker', () => {
  it('tells of many that fail alike by the first ten and by the last, when it stops', async ({
    openEnvironment,
  }) => {
    const env = await openEnvironment();
    const unknown = Array.from({ length: 15 }, (_, i) => 10 * (i + 1));
    await Promise.all(unknown.map((userId) => env.send(userId)));
    const worker = await env.worker();
    expect(await env.settled(15)).toEqual({ 'dead/bad_recipient': 15 });
    await worker.close();
    const lines = worker
      .log()
      .split('\n')
      .filter((line) => line.includes('"msg":"attempt"'));
    // On a slow machine, some of the last follow an interval before.
    expect(lines.length).toBeLessThan(15);
    const told = lines.map((line) => (JSON.parse(line) as { left_out?: number }).left_out ?? 0);
    expect(told.reduce((sum, leftOut) => sum + leftOut, lines.length)).toBe(15);
  });
});

describe.concurrent('the attempts of a receipt are the requests that left', () => {
  it('also those that the platform refused for its quota', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    await writeAsStranger(env);
    const worker = await env.worker();
    await env.send(PLAYER);
    expect(await env.settled(1)).toEqual({ 'suppressed/quota': 1 });
    expect(logged(worker.log())).toEqual([1]);
    expect(await env.receipts()).toMatchObject([{ attempts: 1 }]);
  });

  it('also those that were too many, which cost none of the budget', async ({ openEnvironment }) => {
    const rate_limited = { kind: 'rate_limited', retryAfter: '0.05', count: 4 } as const;
    const env = await openEnvironment({ sandbox: { faults: [rate_limited] } });
    const worker = await env.worker({ channel: { retry: { attempts: 1, base: '1s', cap: '1s' } } });
    await env.send(PLAYER);
    expect(await env.settled(1)).toEqual({ 'delivered/sent': 1 });
    expect(logged(worker.log())).toEqual([1, 2, 3, 4, 5]);
    expect(await env.receipts()).toMatchObject([{ attempts: 5 }]);
  });

  it('and not one that never left, for its content could not be rendered', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const worker = await env.worker();
    const message = { v: 1, platform: CHANNEL, to: { userId: PLAYER }, content: 'Hello {{ nobody }}' };
    await env.addForeign(message);
    expect(await env.settled(1)).toEqual({ 'dead/bad_request': 1 });
    expect(logged(worker.log())).toEqual([]);
    expect(await env.receipts()).toMatchObject([{ attempts: 0 }]);
  });
});
