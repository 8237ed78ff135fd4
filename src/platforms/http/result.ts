import type { IncomingHttpHeaders } from 'node:http';

/** How one request ended. */
export type HttpResult = HttpAnswer | NotConnected | Lost;

export interface HttpAnswer {
  kind: 'answered';
  status: number;
  /** Names in lower case. One that came more than once may be a list, whatever the type says. */
  headers: IncomingHttpHeaders;
  /** The whole body as UTF-8, at most 64 KiB; empty where it cannot be had and the status suffices. */
  text: string;
}

/** Proof that nothing of the request was written: connection refused, DNS, TLS, connect timeout, early abort. */
export interface NotConnected {
  kind: 'not_connected';
  detail: string;
}

/** The request was or may have been written, and no answer can be read: the platform may have acted on it. */
export interface Lost {
  kind: 'lost';
  reason: 'timeout' | 'connection_lost' | 'unreadable_answer';
  detail: string;
}

/** A header's value, the first one where it came more than once. */
export function headerOf({ headers }: HttpAnswer, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}
