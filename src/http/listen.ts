import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import type { Context, Hono } from 'hono';
import { withTimeout } from '../timeout.ts';

/** An application whose handlers may reach Node's own request and response, in `c.env`. */
export type App = Hono<{ Bindings: HttpBindings }>;
export type AppContext = Context<{ Bindings: HttpBindings }>;

export interface Listening {
  /** `http://host:port`, with the port that was taken. */
  readonly url: string;
  readonly port: number;
  /**
   * Stops accepting connections, waits at most so long for requests in flight (not at all when absent), then closes every
   * connection, hanging ones too. May be called twice.
   */
  close(withinMs?: number): Promise<void>;
}

/** What `node:http` calls for a request, and what frameworks on top of it take as a handler. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** Limits for clients, so that slow and half-open connections cost a server little. */
export interface ConnectionLimits {
  /** How long the headers of a request may take, milliseconds. */
  headersMs: number;
  /** How long a connection may be silent, milliseconds. A request as a whole may take as long as it likes. */
  idleMs: number;
  /** The most connections at a time; others are closed at once. */
  connections: number;
}

/** Without `overrideGlobalObjects` the process keeps Node's own Request and Response. */
export const requestHandler = (app: App): RequestHandler =>
  getRequestListener(app.fetch, { overrideGlobalObjects: false });

/** How often Node checks for requests whose headers take too long, milliseconds. */
const CHECKING_MS = 1_000;

function limitedServer({ headersMs, idleMs, connections }: ConnectionLimits): Server {
  const server = createServer({
    headersTimeout: headersMs,
    requestTimeout: 0,
    keepAliveTimeout: idleMs,
    connectionsCheckingInterval: CHECKING_MS,
  });
  server.setTimeout(idleMs, (socket) => socket.destroy());
  server.maxConnections = connections;
  return server;
}

/**
 * Serves an application; resolves once it listens, and rejects if the address cannot be taken.
 * @param port 0 selects a free one
 * @param limits Node's own when absent
 */
export async function listen(
  app: App,
  { host, port }: { host: string; port: number },
  limits?: ConnectionLimits,
): Promise<Listening> {
  const server = limits ? limitedServer(limits) : createServer();
  server.on('request', requestHandler(app));
  closeConnectionsAfterAnswers(server);
  server.listen(port, host);
  await once(server, 'listening');
  const taken = (server.address() as AddressInfo).port;
  const name = host.includes(':') ? `[${host}]` : host;
  let closing: Promise<void> | undefined;
  const close = (withinMs = 0): Promise<void> => {
    closing ??= ended(server, withinMs);
    return closing;
  };
  return { url: `http://${name}:${taken}`, port: taken, close };
}

/**
 * Once the server closes, a connection ends with the request that is under way on it: Node looks for idle ones only at the beginning.
 * What is left of the request is read first, and the answer is written to its end; closing earlier would discard it.
 */
function closeConnectionsAfterAnswers(server: Server): void {
  server.on('request', (incoming, outgoing) => {
    const end = (): void => {
      if (!server.listening && incoming.closed && outgoing.closed) incoming.socket.destroySoon();
    };
    incoming.on('close', end);
    outgoing.on('close', end);
  });
}

async function ended(server: Server, withinMs: number): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  // Scrapers keep their connections open: otherwise a close would wait for them.
  if (withinMs > 0) server.closeIdleConnections();
  else server.closeAllConnections();
  await withTimeout(closed, withinMs, () => {
    server.closeAllConnections();
    return closed;
  });
}
