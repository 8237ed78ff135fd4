import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createPost } from '../../src/webhooks/post.ts';
import { unhurried } from '../../testing/slowness.ts';
import { type Receiver, startReceiver, WEBHOOK_SECRET } from './receiver.ts';

let receiver: Receiver;
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(() => receiver.close());

async function answerTo(respond: (response: ServerResponse) => void) {
  receiver.answer = (_, response) => respond(response);
  const config = {
    ...{ name: 'crm', url: receiver.url, secrets: [WEBHOOK_SECRET], channels: [], states: [] },
    ...{ timeoutMs: Math.ceil(unhurried(500)), concurrency: 1, privateAddresses: true },
  };
  const post = createPost(config, { clock: { now: Date.now }, version: '1.0.0' });
  try {
    return await post.send({ id: 'receipt_a', body: '{}' }, new AbortController().signal);
  } finally {
    await post.close();
  }
}

const TOO_LARGE = 64 * 1024 + 1;
const bodies: [body: string, respond: (response: ServerResponse) => void][] = [
  ['none', (response) => response.end()],
  ['a small one', (response) => response.end('thanks')],
  ['one that is too large', (response) => response.end('x'.repeat(TOO_LARGE))],
  [
    'one that says that it is too large',
    (response) => response.setHeader('content-length', TOO_LARGE).flushHeaders(),
  ],
  ['one that breaks off', (response) => response.write('x', () => response.destroy())],
  ['one that never ends', (response) => response.write('x')],
];

it.each(bodies)('goes by the status of an answer whose body is %s', async (_, respond) => {
  const withStatus = (status: number) =>
    answerTo((response) => {
      response.statusCode = status;
      response.setHeader('retry-after', '7');
      respond(response);
    });
  expect(await withStatus(200)).toEqual({ kind: 'accepted', detail: 'answered 200' });
  expect(await withStatus(410)).toEqual({ kind: 'gone', detail: 'answered 410' });
  expect(await withStatus(422)).toMatchObject({ kind: 'refused', restMs: 7_000 });
  expect(await withStatus(503)).toMatchObject({ kind: 'failed', detail: 'answered 503', restMs: 7_000 });
});

it('fails where no status comes', async () => {
  expect(await answerTo((response) => response.destroy())).toMatchObject({ kind: 'failed' });
  expect(await answerTo(() => {})).toMatchObject({ kind: 'failed' });
});
