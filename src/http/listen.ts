import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import type { Hono } from 'hono';

/** An application whose handlers may reach Node's own request and response, in `c.env`. */
export type App = Hono<{ Bindings: HttpBindings }>;

export interface Listening {
  /** `http://host:port`, with the port really taken. */
  readonly url: string;
  readonly port: number;
  /** Ends every connection, hanging ones as well. May be called twice. */
  close(): Promise<void>;
}

/** What `node:http` calls for a request, and what frameworks on top of it take as a handler. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** Without `overrideGlobalObjects` the process keeps Node's own Request and Response. */
export const requestHandler = (app: App): RequestHandler =>
  getRequestListener(app.fetch, { overrideGlobalObjects: false });

/**
 * Serves an application and resolves once it listens; rejects when the address cannot be taken.
 * @param port 0 takes a free one
 */
export async function listen(app: App, { host, port }: { host: string; port: number }): Promise<Listening> {
  const server = createServer(requestHandler(app));
  server.listen(port, host);
  await once(server, 'listening');
  const taken = (server.address() as AddressInfo).port;
  const name = host.includes(':') ? `[${host}]` : host;
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= ended(server);
    return closing;
  };
  return { url: `http://${name}:${taken}`, port: taken, close };
}

async function ended(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  // Scrapers keep their connections open: without this a close would wait for them.
  server.closeAllConnections();
  await closed;
}
