import { EventEmitter, getEventListeners, once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { lineStream } from '../../src/api/line-stream.ts';
import { receiptRoutes } from '../../src/api/receipts.ts';
import { defineRoute, NDJSON_TYPE, type Route } from '../../src/api/route.ts';
import { createRouter } from '../../src/api/router.ts';
import { systemClock } from '../../src/clock.ts';
import { requestHandler } from '../../src/http/listen.ts';
import type { Follow } from '../../src/receipts/follow.ts';
import type { Access } from '../../src/tokens/scopes.ts';
import { eventually } from '../../testing/eventually.ts';

const ANYWHERE: Access = { id: 'a', name: 'a', scopes: ['send', 'read'], channels: undefined };

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** Routes behind a check of the token that takes until the test lets it go. */
async function held(routes: readonly Route[]) {
  const gate = new EventEmitter();
  const drain = new AbortController();
  const answered: number[] = [];
  const app = createRouter(routes, {
    async verify() {
      const passed = once(gate, 'pass');
      gate.emit('asked');
      await passed;
      return ANYWHERE;
    },
    limit: () => ({ allowed: true, headers: {} }),
    draining: drain.signal,
    logger: { error: () => {} },
    clock: systemClock,
    observe: (_, status) => void answered.push(status),
  });
  const server = createServer(requestHandler(app)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    answered,
    drain,
    /** A request whose token is being checked. @returns the connection on both sides */
    async ask(head: readonly string[]): Promise<{ client: Socket; accepted: Socket }> {
      const asked = Promise.all([once(server, 'connection'), once(gate, 'asked')]);
      const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
      client.write(`${[...head, 'host: x', 'authorization: Bearer a'].join('\r\n')}\r\n\r\n`);
      const [[accepted]] = (await asked) as [[Socket], unknown];
      return { client, accepted };
    },
    pass: () => void gate.emit('pass'),
  };
}

describe('a client that leaves while its token is checked', () => {
  it.each(['application/json', 'text/event-stream'])('is followed no longer: %s', async (accept) => {
    let following = 0;
    const follow: Follow = async function* ({ onStart, signal }) {
      following += 1;
      onStart?.('kongregate=1-0');
      if (!signal?.aborted) await once(signal!, 'abort');
      following -= 1;
      yield* [];
    };
    const admin = { channels: { list: async () => [{ name: 'kongregate' }] } } as never;
    const { answered, drain, ask, pass } = await held(receiptRoutes({ admin, follow, idleMs: 200 }));
    const { client, accepted } = await ask(['GET /v1/receipts HTTP/1.1', `accept: ${accept}`]);
    client.destroy();
    await once(accepted, 'close');
    pass();
    await eventually('the answer', () => answered.length === 1);
    expect(getEventListeners(drain.signal, 'abort')).toEqual([]);
    await eventually('the end of the following', () => following === 0);
  });
});

describe('a stream whose token is being checked when the process stops', () => {
  it('ends with its summary, and takes nothing', async () => {
    let taken = 0;
    const route = defineRoute({
      ...{ method: 'post', path: '/lines', operationId: 'lines', summary: '', scope: 'send' },
      body: { [NDJSON_TYPE]: { schema: { component: 'Message' } } },
      answers: { 200: { description: '' } },
      handle: async (asked) =>
        lineStream(asked, async (lines) => {
          taken += lines.length;
          return { results: lines.map(({ line }) => ({ line, status: 'queued' })) };
        }),
    });
    const { drain, ask, pass } = await held([route]);
    const { client } = await ask([
      'POST /lines HTTP/1.1',
      `content-type: ${NDJSON_TYPE}`,
      'transfer-encoding: chunked',
    ]);
    let told = '';
    client.setEncoding('utf8').on('data', (chunk) => {
      told += chunk;
    });
    client.write('3\r\n{}\n\r\n');
    drain.abort();
    pass();
    await eventually('the summary', () => told.includes('"summary"'));
    expect(told).toContain('"complete":false,"resumeAt":1');
    expect(taken).toBe(0);
    client.destroy();
  });
});
