import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { eventually } from '../../testing/eventually.ts';
import { openFaultyProxy } from '../../testing/faulty-proxy.ts';

/** A client and a server with a proxy between them. @param onRequest called with what has arrived at the server */
async function openLink(onRequest: (socket: Socket, chunk: Buffer) => void) {
  let arrived = '';
  const server = createServer((socket) => {
    socket.on('error', () => {}); // The proxy closes at the end.
    socket.on('data', (chunk) => {
      arrived += chunk;
      onRequest(socket, chunk);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const proxy = await openFaultyProxy((server.address() as { port: number }).port);
  const client = connect({ port: proxy.port, host: '127.0.0.1', noDelay: true });
  onTestFinished(async () => {
    client.destroy();
    await proxy.close();
    server.close();
  });
  return { proxy, client, arrived: () => arrived };
}

/** A network delays and breaks; what it carries on one connection arrives in order, or not at all. */
it('keeps the order of what it carries when delays begin and end', async () => {
  const { proxy, client, arrived } = await openLink(() => {});
  let sent = '';
  for (let number = 0; number < 4_000; number += 1) {
    if (number % 40 === 0) proxy.delay(1 + (number % 3), 2);
    const text = `${number} `;
    sent += text;
    client.write(text);
    await turn();
  }
  await eventually(
    'all to arrive',
    () => arrived().length,
    (length) => length === sent.length,
  );
  expect(arrived()).toBe(sent);
});

it('holds answers until they are released, while requests arrive', async () => {
  const { proxy, client, arrived } = await openLink((socket, chunk) => socket.write(chunk));
  let answered = '';
  client.on('data', (chunk) => {
    answered += chunk;
  });
  const both = (text: string) => () => arrived() === text && answered === text;
  client.write('a');
  await eventually('an answer', both('a'));
  proxy.holdAnswers();
  for (const [text, all] of [
    ['b', 'ab'],
    ['c', 'abc'],
  ] as const) {
    client.write(text);
    await eventually('the request', () => arrived() === all);
  }
  expect(answered).toBe('a');
  proxy.releaseAnswers();
  await eventually('what was held, in its order', both('abc'));
});
