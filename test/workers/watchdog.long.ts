import { request } from 'undici';
import { expect, vi } from 'vitest';
import { MessageWorker } from '../../src/jobs/message-worker.ts';
import { eventually } from '../../testing/eventually.ts';
import { it } from '../support/environment.ts';

/** What BullMQ's loop calls for each job. */
const loopOf = MessageWorker.prototype as unknown as { _getNextJob(): Promise<unknown> };

it('a worker whose loop asks for no more jobs is not live after a minute, and one that delivers is', {
  timeout: 120_000,
}, async ({ openEnvironment, onTestFinished }) => {
  const [healthy, deaf] = [await openEnvironment(), await openEnvironment()];
  const workers = { healthy: await healthy.worker(), deaf: await deaf.worker() };
  const probe = async ({ url }: { url: string | undefined }) => {
    const { statusCode, body } = await request(`${url}/livez`);
    return { statusCode, text: await body.text() };
  };
  // Once its question is answered, BullMQ's loop asks the next one, and never hears of it again.
  const loop = vi.spyOn(loopOf, '_getNextJob').mockImplementation(() => new Promise(() => {}));
  onTestFinished(() => loop.mockRestore());
  await eventually(
    'both loops to ask in vain',
    () => loop.mock.contexts,
    (asking) => new Set(asking).size === 2,
  );
  await deaf.send(11);
  const dead = await eventually(
    'the probe to fail',
    () => probe(workers.deaf),
    ({ statusCode }) => statusCode === 503,
    { withinMs: 90_000, everyMs: 500 },
  );
  expect(JSON.parse(dead.text)).toEqual({
    status: 'stuck',
    detail: 'channel kongregate has ready messages and none was taken for 60 s',
  });
  expect(await deaf.queue.getWaitingCount()).toBe(1);
  // Idle for as long, and nothing waits for it.
  expect((await probe(workers.healthy)).statusCode).toBe(200);
});
