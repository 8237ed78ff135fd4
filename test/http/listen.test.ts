import { EventEmitter, once } from 'node:events';
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { Hono } from 'hono';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type App, listen } from '../../src/http/listen.ts';
import { eventually } from '../../testing/eventually.ts';

/** Longer than any test: a server that waits for it fails. */
const LONG_MS = 3_600_000;
/** More than the kernel's buffers hold on both sides. */
const LARGE = 'x'.repeat(32 * 1024 * 1024);

/** A server whose answers wait until the test lets them go, and a client that keeps its connections. */
async function start(answer = 'done') {
  const gate = new EventEmitter();
  const app: App = new Hono();
  app.all('/', async (c) => {
    const passed = once(gate, 'pass');
    gate.emit('asked');
    await passed;
    return c.text(answer);
  });
  const limits = { headersMs: LONG_MS, idleMs: LONG_MS, connections: 10 };
  const server = await listen(app, { host: '127.0.0.1', port: 0 }, limits);
  const agent = new Agent({ keepAlive: true });
  onTestFinished(async () => {
    agent.destroy();
    await server.close();
  });
  return {
    async ask(method = 'GET'): Promise<{ sent: ClientRequest; response: Promise<IncomingMessage> }> {
      const asked = once(gate, 'asked');
      const sent = request(server.url, { agent, method });
      const response = once(sent, 'response').then(([each]: IncomingMessage[]) => each!);
      if (method === 'GET') sent.end();
      else sent.write('the first of more');
      await asked;
      return { sent, response };
    },
    pass: () => void gate.emit('pass'),
    /** @returns whether it has closed */
    close(): () => boolean {
      let closed = false;
      server.close(LONG_MS).then(() => {
        closed = true;
      });
      return () => closed;
    },
  };
}

describe('a server that closes', () => {
  it('waits for a request in flight, and not for its client to let go of the connection', async () => {
    const { ask, pass, close } = await start();
    const { response } = await ask();
    const closed = close();
    pass();
    expect(await text(await response)).toBe('done');
    await eventually('the server to close', closed);
  });

  it('lets a slow client read its answer to the end', async () => {
    const { ask, pass, close } = await start(LARGE);
    const { response } = await ask();
    const closed = close();
    pass();
    expect((await text(await response)).length).toBe(LARGE.length);
    await eventually('the server to close', closed);
  });

  it('answers also who is still sending', async () => {
    const { ask, pass, close } = await start();
    const { sent, response } = await ask('POST');
    const closed = close();
    pass();
    expect(await text(await response)).toBe('done');
    sent.end();
    await eventually('the server to close', closed);
  });
});
