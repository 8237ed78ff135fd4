import { type Dispatcher, Pool } from 'undici';
import { Exchange } from './exchange.ts';
import type { HttpResult } from './http-result.ts';

/**
 * One request to a platform, and its end as a value. Nothing is retried, no redirect is followed, and no detail ever
 * holds a header, a body or a URL's path: those carry keys and content.
 */

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT';
  /** Below the channel's base URL, with a leading slash, query included. */
  path: string;
  /** Names and values in turn, made once per client: this is the hot loop. */
  headers: string[];
  body?: string | undefined;
  /** A larger answer is not read; 64 KiB when absent. */
  maxAnswerBytes?: number | undefined;
  signal: AbortSignal;
}

export interface HttpClient {
  /** Never rejects. */
  request(request: HttpRequest): Promise<HttpResult>;
  /** Ends at once: drain first, a request still under way ends as lost. Leaves a dispatcher that was handed in. */
  close(): Promise<void>;
}

export interface HttpSettings {
  baseUrl: string;
  /** Each for connecting, for the answer's headers and between two pieces of its body. */
  timeoutMs: number;
  /** The most connections, each with one request at a time. */
  concurrency: number;
}

/** A client for one base URL over connections that are kept alive. Opens none before the first request. */
export function createHttpClient(settings: HttpSettings, dispatcher?: Dispatcher): HttpClient {
  const { origin, pathname } = new URL(settings.baseUrl);
  const base = pathname.replace(/\/+$/, '');
  const own = dispatcher === undefined ? keepAlivePool(origin, settings) : undefined;
  const through = dispatcher ?? (own as Pool);
  return {
    request: (request) =>
      new Promise((settle) => {
        const exchange = new Exchange(request.signal, settle, request.maxAnswerBytes);
        if (exchange.ended) return;
        const { method, headers, body = null } = request;
        through.dispatch({ origin, path: base + request.path, method, headers, body }, exchange);
      }),
    close: async () => {
      await own?.destroy();
    },
  };
}

/** Node's own limit is the same, but a flag of the process could change it. */
const MAX_HEADER_BYTES = 16 * 1024;

function keepAlivePool(origin: string, settings: HttpSettings): Pool {
  const { timeoutMs, concurrency } = settings;
  return new Pool(origin, {
    connections: concurrency,
    pipelining: 1,
    // Said aloud, since NODE_TLS_REJECT_UNAUTHORIZED would turn it off otherwise, for keys as well.
    connect: { timeout: timeoutMs, rejectUnauthorized: true },
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  });
}
