import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Child, startChild } from '../../bench/child.ts';
import { stampedMessage } from '../../bench/messages.ts';
import type { Expectation, SinkReport } from '../../bench/sink.ts';

let sink: Child<SinkReport>;
let socket: Socket;
async function expecting(what: Expectation): Promise<void> {
  sink.tell(what);
  await sink.heard('expecting');
}
const post = (body: string): string => `POST / HTTP/1.1\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

beforeEach(async () => {
  sink = startChild<SinkReport>('sink.ts');
  const { url } = await sink.heard('listening');
  socket = connect(Number(new URL(url).port), '127.0.0.1');
  await once(socket, 'connect');
});

afterEach(async () => {
  socket.destroy();
  await sink.kill();
});

it('answers each request, whether several come at once or one in pieces', async () => {
  await expecting({ warmUp: 1, count: 2 });
  const [first, second] = [post('{}'), post('{"a":1}')];
  socket.write(`${first}${second}${second.slice(0, 30)}`);
  await sink.heard('warm');
  socket.write(second.slice(30));
  expect(await sink.heard('complete')).toMatchObject({ requests: 2, latenciesMs: [] });
  let answers = '';
  for await (const chunk of socket) {
    answers += chunk;
    if (answers.split('HTTP/1.1 200 OK').length === 4) break;
  }
});

it('tells how long each stamped message was under way, without the warm-up', async () => {
  await expecting({ warmUp: 1, count: 1, stamps: true });
  const sentAt = performance.now();
  for (const i of [0, 1]) socket.write(post(stampedMessage(i).content));
  const { latenciesMs } = await sink.heard('complete');
  expect(latenciesMs).toHaveLength(1);
  expect(latenciesMs[0]).toBeGreaterThan(0);
  expect(latenciesMs[0]).toBeLessThan(performance.now() - sentAt);
});
