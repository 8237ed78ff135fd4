import { describe, expect } from 'vitest';
import { API_KEY, CHANNEL, it, type Scene } from '../support/scene.ts';

const PLAYER = 11;

/** The numbers of the attempts that a worker logged, in order. */
const logged = (log: string): number[] =>
  log
    .split('\n')
    .filter((line) => line.includes('"msg":"attempt"'))
    .map((line) => (JSON.parse(line) as { attempt: number }).attempt);

/** Somebody else writes to the player, so that the platform refuses for the day. */
const writeAsStranger = (scene: Scene): Promise<Response> =>
  fetch(`${scene.sandbox.url}/kongregate/api/private_message.json`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ api_key: API_KEY, user_id: PLAYER, content: 'Hi' }),
  });

describe.concurrent('the attempts of a receipt are the requests that left', () => {
  it('also those that the platform refused for its quota', async ({ openScene }) => {
    const scene = await openScene();
    await writeAsStranger(scene);
    const worker = await scene.worker();
    await scene.send(PLAYER);
    expect(await scene.settled(1)).toEqual({ 'suppressed/quota': 1 });
    expect(logged(worker.log())).toEqual([1]);
    expect(await scene.receipts()).toMatchObject([{ attempts: 1 }]);
  });

  it('also those that were too many, which cost none of the budget', async ({ openScene }) => {
    const rate_limited = { kind: 'rate_limited', retryAfter: '0.05', count: 4 } as const;
    const scene = await openScene({ sandbox: { faults: [rate_limited] } });
    const worker = await scene.worker({ channel: { retry: { attempts: 1, base: '1s', cap: '1s' } } });
    await scene.send(PLAYER);
    expect(await scene.settled(1)).toEqual({ 'delivered/sent': 1 });
    expect(logged(worker.log())).toEqual([1, 2, 3, 4, 5]);
    expect(await scene.receipts()).toMatchObject([{ attempts: 5 }]);
  });

  it('and not one that never left, for its content could not be rendered', async ({ openScene }) => {
    const scene = await openScene();
    const worker = await scene.worker();
    const message = { v: 1, platform: CHANNEL, to: { userId: PLAYER }, content: 'Hello {{ nobody }}' };
    await scene.addForeign(message);
    expect(await scene.settled(1)).toEqual({ 'dead/bad_request': 1 });
    expect(logged(worker.log())).toEqual([]);
    expect(await scene.receipts()).toMatchObject([{ attempts: 0 }]);
  });
});
