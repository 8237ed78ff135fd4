import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Socket,
  connect as tcpConnect,
} from 'node:net';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { Agent, Dispatcher } from 'undici';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createHttpClient, type HttpClient } from '../../../src/platforms/http/client.ts';
import { Exchange } from '../../../src/platforms/http/exchange.ts';
import { makeCertificates } from '../../support/certificates.ts';

const cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of cleanup.splice(0).reverse()) await end();
});

async function serve(
  listener: RequestListener,
): Promise<{ url: string; server: Server; connections(): number }> {
  let connections = 0;
  const server = createServer(listener);
  server.on('connection', () => {
    connections += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanup.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, server, connections: () => connections };
}

function client(baseUrl: string, dispatcher?: Dispatcher, timeoutMs = 2_000): HttpClient {
  const http = createHttpClient({ baseUrl, timeoutMs, concurrency: 2 }, dispatcher);
  cleanup.push(() => http.close());
  return http;
}

/** A server that answers each request by what its bytes say; without HTTP of its own. */
async function serveBytes(answer: (request: string, socket: Socket) => void): Promise<{ url: string }> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes) => answer(bytes.toString(), socket));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanup.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const get = (http: HttpClient, path = '/', signal = new AbortController().signal) =>
  http.request({ method: 'GET', path, headers: ['accept', '*/*'], signal });

describe('the HTTP client', () => {
  it('gives back status, headers and the body in one piece', async () => {
    const { url } = await serve((request, response) => {
      response.writeHead(418, { 'X-Path': request.url ?? '' });
      response.write('first é ');
      setImmediate(() => response.end('second'));
    });
    expect(await get(client(`${url}/base/`), '/a?b=c')).toMatchObject({
      kind: 'answered',
      status: 418,
      headers: { 'x-path': '/base/a?b=c' },
      text: 'first é second',
    });
  });

  it('sends the body as UTF-8', async () => {
    const { url } = await serve((request, response) => void request.pipe(response));
    const signal = new AbortController().signal;
    const body = '{"content":"é 🎮"}';
    expect(await client(url).request({ method: 'POST', path: '/', headers: [], body, signal })).toMatchObject(
      {
        text: body,
      },
    );
  });

  it('keeps connections alive, and opens no more than it may', async () => {
    const { url, connections } = await serve((_, response) => void response.end('ok'));
    const http = client(url);
    for (let round = 0; round < 3; round += 1) await Promise.all([1, 2, 3, 4, 5].map(() => get(http)));
    expect(connections()).toBe(2);
  });

  it.each([
    ['announced', true],
    ['not announced', false],
  ])('takes 64 KiB and not a byte more, the length %s', async (_, announced) => {
    const { url } = await serve((request, response) => {
      const length = Number(request.url?.slice(1));
      if (announced) response.setHeader('content-length', length);
      response.write('x'.repeat(length - 1));
      response.end('x');
    });
    const http = client(url);
    expect(await get(http, '/65536')).toMatchObject({ kind: 'answered', text: 'x'.repeat(65_536) });
    expect(await get(http, '/65537')).toMatchObject({ kind: 'lost', reason: 'unreadable_answer' });
    expect(await get(http, '/5')).toMatchObject({ kind: 'answered' });
  });

  it('takes 16 KiB of headers, and loses an answer that has more', async () => {
    const { url } = await serve((request, response) => {
      const lines = Number(request.url?.slice(1));
      for (let line = 0; line < lines; line += 1) response.setHeader(`x-${line}`, 'x'.repeat(1_000));
      response.end('ok');
    });
    const http = client(url);
    expect(await get(http, '/15')).toMatchObject({ kind: 'answered', text: 'ok' });
    expect(await get(http, '/17')).toMatchObject({ kind: 'lost', reason: 'unreadable_answer' });
  });

  it('follows no redirect, wherever it leads', async () => {
    const elsewhere = vi.fn();
    const other = await serve((_, response) => {
      elsewhere();
      response.end('ok');
    });
    const { url } = await serve((request, response) => {
      const [, status, own] = request.url?.split('/') ?? [];
      if (own === 'landed') elsewhere();
      response.writeHead(Number(status), { location: own ? `/${status}/landed` : other.url }).end();
    });
    const http = client(url);
    for (const status of [301, 302, 303, 307, 308]) {
      expect(await get(http, `/${status}`)).toMatchObject({ kind: 'answered', status });
      expect(await get(http, `/${status}/own`)).toMatchObject({ kind: 'answered', status });
    }
    expect(elsewhere).not.toHaveBeenCalled();
  });

  it('gives up on an oversize answer before it comes', async () => {
    const { url } = await serve((_, response) =>
      response.writeHead(200, { 'content-length': 65_537 }).flushHeaders(),
    );
    expect(await get(client(url))).toMatchObject({ kind: 'lost', reason: 'unreadable_answer' });
  });

  it.each([
    ['not HTTP', 'hello\r\n\r\n', 'unreadable_answer'],
    ['cut off within the body', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc', 'connection_lost'],
    ['cut off within the headers', 'HTTP/1.1 200 OK\r\ncont', 'connection_lost'],
    ['nothing', '', 'connection_lost'],
  ])('loses an answer that is %s', async (_, bytes, reason) => {
    const { url } = await serve((request) => void request.socket.end(bytes));
    expect(await get(client(url))).toMatchObject({ kind: 'lost', reason });
  });

  it('writes nothing to a host whose certificate nobody vouches for, whatever the environment says', async () => {
    const certificates = await makeCertificates('127.0.0.1');
    cleanup.push(() => certificates.remove());
    const [key, cert] = [readFileSync(certificates.key), readFileSync(certificates.cert)];
    const seen = vi.fn();
    const server = createSecureServer({ key, cert }, seen).listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanup.push(async () => void server.close());
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const detail = 'UNABLE_TO_VERIFY_LEAF_SIGNATURE';
    expect(await get(client(url))).toEqual({ kind: 'not_connected', detail });
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    cleanup.push(async () => void vi.unstubAllEnvs());
    expect(await get(client(url))).toEqual({ kind: 'not_connected', detail });
    expect(seen).not.toHaveBeenCalled();
  });

  describe('before the answer', () => {
    const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
    const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';
    it.each([
      ['100 Continue', CONTINUE + OK],
      [
        '100 Continue with headers',
        `HTTP/1.1 100 Continue\r\nx-proxy: HTTP/1.1 100\r\ncontent-length: 99999\r\n\r\n${OK}`,
      ],
      ['two of them', CONTINUE + CONTINUE + OK],
      ['103 Early Hints and 100', `HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${CONTINUE}${OK}`],
      ['102 Processing', `HTTP/1.1 102 Processing\r\n\r\n${OK}`],
    ])('may come %s, in one piece or many', async (_, bytes) => {
      const { url } = await serveBytes((request, socket) => {
        if (request.startsWith('GET /whole')) socket.write(bytes);
        else for (const byte of bytes) socket.write(byte);
      });
      const http = client(url);
      for (const path of ['/whole', '/pieces', '/whole', '/pieces']) {
        expect(await get(http, path)).toMatchObject({ kind: 'answered', status: 200, text: 'ok' });
      }
    });

    it('comes to nothing where no answer follows', async () => {
      const { url } = await serveBytes((_, socket) => void socket.end(CONTINUE));
      expect(await get(client(url))).toMatchObject({ kind: 'lost', reason: 'connection_lost' });
    });

    it('is told from a body that looks like it', async () => {
      const { url } = await serve((_, response) => {
        response.write(CONTINUE);
        response.end(CONTINUE);
      });
      expect(await get(client(url))).toMatchObject({ text: CONTINUE + CONTINUE });
    });
  });

  describe('a connection', () => {
    it.each([
      ['no hint', undefined, 500, 1_900],
      ['a hint of 3 s', 'timeout=3', 500, 1_900],
      ['a hint of 2 s', 'timeout=2', 0, 500],
    ])('is let go before the server closes it: %s', async (_, hint, from, to) => {
      const closed = gate<number>();
      const { url, server } = await serve((_request, response) => {
        response.setHeader('connection', 'keep-alive');
        if (hint !== undefined) response.setHeader('keep-alive', hint);
        response.end('ok');
      });
      server.keepAliveTimeout = 60_000;
      server.on('connection', (socket) => socket.on('close', () => closed.open(performance.now())));
      expect(await get(client(url))).toMatchObject({ kind: 'answered' });
      const answeredAt = performance.now();
      const idleMs = (await closed.opened) - answeredAt;
      expect(idleMs).toBeGreaterThanOrEqual(from - 50);
      expect(idleMs).toBeLessThan(to);
    });

    /** Closes each connection as its second request comes in, without having read it. */
    const impatient = () => {
      const seen = { requests: 0, cutOff: 0 };
      const answeredOn = new WeakSet<Socket>();
      const served = serveBytes((_, socket) => {
        if (answeredOn.has(socket)) {
          seen.cutOff += 1;
          socket.resetAndDestroy();
          return;
        }
        answeredOn.add(socket);
        seen.requests += 1;
        socket.write('HTTP/1.1 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nok');
      });
      return { served, seen };
    };
    const post = (http: HttpClient, fresh?: boolean) =>
      http.request({
        method: 'POST',
        path: '/',
        headers: [],
        body: '{}',
        fresh,
        signal: new AbortController().signal,
      });

    it.each([
      ['where the client keeps none', { keepAlive: false }, undefined],
      ['where the request asks for it', {}, true],
    ])(
      'is one request’s own %s: a server that closes kept ones loses nothing',
      async (_, settings, fresh) => {
        const { served, seen } = impatient();
        const { url } = await served;
        const http = createHttpClient({ baseUrl: url, timeoutMs: 2_000, concurrency: 2, ...settings });
        cleanup.push(() => http.close());
        const results = [];
        for (let round = 0; round < 10; round += 1)
          results.push(...(await Promise.all([1, 2, 3].map(() => post(http, fresh)))));
        expect(results.filter(({ kind }) => kind === 'answered')).toHaveLength(30);
        expect(seen).toEqual({ requests: 30, cutOff: 0 });
      },
    );

    it('that is kept and closed as a request is written leaves it in doubt, and the request is not repeated', async () => {
      const { served, seen } = impatient();
      const http = createHttpClient({ baseUrl: (await served).url, timeoutMs: 2_000, concurrency: 1 });
      cleanup.push(() => http.close());
      expect(await post(http)).toMatchObject({ kind: 'answered' });
      expect(await post(http)).toMatchObject({ kind: 'lost', reason: 'connection_lost' });
      expect(seen).toEqual({ requests: 1, cutOff: 1 });
    });

    it('of its own is given up with the others when the client closes', async () => {
      const { url } = await serve(() => {});
      const http = client(url);
      const requests = [post(http), post(http, true)];
      await vi.waitFor(() => expect(requests).toHaveLength(2));
      await http.close();
      for (const request of requests) expect((await request).kind).not.toBe('answered');
    });
  });

  describe('compression', () => {
    const text = '{"id":42,"é":"🎮"}';
    const body = Buffer.from(text);
    const compressed: [string, Buffer][] = [
      ['gzip', gzipSync(body)],
      ['x-gzip', gzipSync(body)],
      ['GZIP', gzipSync(body)],
      ['deflate', deflateSync(body)],
      ['deflate', deflateRawSync(body)],
      ['br', brotliCompressSync(body)],
      ['identity', body],
      ['gzip, br', brotliCompressSync(gzipSync(body))],
    ];
    const answers = (coding: string, bytes: Buffer) =>
      serve((_, response) => {
        response.setHeader('content-encoding', coding);
        response.end(bytes);
      });

    it('is not asked for', async () => {
      const { url } = await serve(
        (request, response) => void response.end(request.headers['accept-encoding']),
      );
      expect(await get(client(url))).toMatchObject({ text: 'identity' });
    });

    it.each(compressed)('is undone where it comes all the same: %s', async (coding, bytes) => {
      const { url } = await answers(coding, bytes);
      expect(await get(client(url))).toMatchObject({ kind: 'answered', status: 200, text });
    });

    it.each([
      ['cut off', 'gzip', gzipSync(body).subarray(0, 12)],
      ['not what it says', 'br', body],
      ['of an unknown kind', 'zstd', body],
      ['a joke', 'gzip, gzip, gzip, gzip', gzipSync(gzipSync(gzipSync(gzipSync(body))))],
    ])('that is %s leaves the status alone', async (_, coding, bytes) => {
      const { url } = await answers(coding, bytes);
      expect(await get(client(url))).toMatchObject({ kind: 'answered', status: 200, text: '' });
    });

    it.each([
      ['gzip', gzipSync(Buffer.alloc(30_000_000))],
      ['deflate', deflateRawSync(Buffer.alloc(30_000_000))],
      ['br', brotliCompressSync(Buffer.alloc(30_000_000))],
      ['gzip, gzip', gzipSync(gzipSync(Buffer.alloc(30_000_000)))],
    ])('hides no answer larger than others may be: %s', async (coding, bytes) => {
      const { url } = await answers(coding, bytes);
      expect(await get(client(url))).toMatchObject({ kind: 'lost', reason: 'unreadable_answer' });
    });
  });

  it('does not wait for a body for ever', async () => {
    const { url } = await serve((_, response) => void response.write('so far'));
    expect(await get(client(url, undefined, 100))).toMatchObject({ kind: 'lost', reason: 'timeout' });
  });

  it('knows that nothing was written while the name is looked up', async () => {
    const dispatcher = new Agent({
      connect: {
        lookup: (_name, _options, done) => done(Object.assign(new Error('no'), { code: 'ENOTFOUND' }), '', 4),
      },
    });
    cleanup.push(() => dispatcher.destroy());
    expect(await get(client('http://e.invalid', dispatcher))).toEqual({
      kind: 'not_connected',
      detail: 'ENOTFOUND',
    });
  });

  it('gives up at once on a connection that does not come, and never writes to it later', async () => {
    const seen = vi.fn();
    const { url } = await serve(seen);
    const asked = gate<() => Promise<unknown>>();
    const dispatcher = new Agent({
      connect: (options, done) =>
        asked.open(() => {
          const socket = tcpConnect(Number(options.port), '127.0.0.1', () => done(null, socket));
          return new Promise((closed) => socket.once('close', closed));
        }),
    });
    cleanup.push(() => dispatcher.destroy());
    const abort = new AbortController();
    const result = get(client(url, dispatcher), '/', abort.signal);
    const connectAfterAll = await asked.opened;
    abort.abort();
    expect(await result).toMatchObject({ kind: 'not_connected' });
    await connectAfterAll();
    expect(seen).not.toHaveBeenCalled();
  });

  it('refuses to be sent twice by a dispatcher that repeats requests', async () => {
    class Repeating extends Dispatcher {
      readonly aborted: boolean[] = [];
      override dispatch(_options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
        for (let time = 0; time < 2; time += 1) {
          const controller = {
            abort: () => this.aborted.push(true),
            aborted: false,
            paused: false,
            reason: null,
          };
          handler.onRequestStart?.({ ...controller, pause: () => {}, resume: () => {} } as never, {});
        }
        return true;
      }
    }
    const dispatcher = new Repeating();
    expect(await get(client('http://127.0.0.1', dispatcher))).toMatchObject({
      kind: 'lost',
      reason: 'connection_lost',
    });
    expect(dispatcher.aborted).toEqual([true]);
  });

  it('leaves nothing behind on a signal that outlives it', async () => {
    const { url } = await serve((_, response) => void response.end('ok'));
    const http = client(url);
    const controller = new AbortController();
    const { signal } = controller;
    const add = vi.spyOn(signal, 'addEventListener');
    const aborted = vi.spyOn(Exchange.prototype, 'handleEvent');
    const warned = vi.fn();
    process.once('warning', warned);
    await Promise.all(Array.from({ length: 50 }, () => get(http, '/', signal)));
    process.removeListener('warning', warned);
    expect(add).toHaveBeenCalledTimes(1);
    controller.abort();
    expect(aborted).not.toHaveBeenCalled();
    expect(warned).not.toHaveBeenCalled();
  });
});

function gate<T>() {
  let open: (value: T) => void = () => {};
  const opened = new Promise<T>((resolve) => {
    open = resolve;
  });
  return { opened, open: (value: T) => open(value) };
}
