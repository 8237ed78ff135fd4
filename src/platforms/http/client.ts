import type { LookupFunction } from 'node:net';
import { type Dispatcher, Pool } from 'undici';
import { Exchange } from './exchange.ts';
import { connectorPastContinue } from './interim-answers.ts';
import type { HttpResult } from './result.ts';

/**
 * Sends one request to a platform, and returns its end as a value. Nothing is retried, no redirect is followed, and no detail contains a
 * header, a body or a URL's path, which carry keys and content.
 */

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT';
  /** Below the channel's base URL, with a leading slash, query included. */
  path: string;
  /** Names and values by turns. A list that is given again and again is prepared once, so it must not be changed in place. */
  headers: readonly string[];
  body?: string | undefined;
  /** A larger answer is not read; 64 KiB when absent. */
  maxAnswerBytes?: number | undefined;
  /** A body that is too large, breaks off or does not come counts as none: for an answer that is all in its status. */
  statusSuffices?: boolean | undefined;
  /**
   * Uses a connection of its own. A server may close an idle connection just as a request is written to it, and nobody can tell whether
   * the request was read: if such a doubt could not be resolved, connections are not reused.
   */
  fresh?: boolean | undefined;
  signal: AbortSignal;
}

export interface HttpClient {
  /** Never rejects. */
  request(request: HttpRequest): Promise<HttpResult>;
  /** Ends at once: drain first, since a request in flight ends as lost. Does not close a dispatcher that was passed in. */
  close(): Promise<void>;
}

export interface HttpSettings {
  baseUrl: string;
  /** Each for connecting, for the answer's headers and between two pieces of its body. */
  timeoutMs: number;
  /** The most connections, each with one request at a time. */
  concurrency: number;
  /** False if every request uses a connection of its own, as with `fresh`. */
  keepAlive?: boolean | undefined;
  /** Resolves the server's name in place of the system's resolver, and may refuse addresses. Not called for a literal address. */
  lookup?: LookupFunction | undefined;
}

/** A client for one base URL, over connections that are kept alive unless asked otherwise. Opens none before the first request. */
export function createHttpClient(settings: HttpSettings, dispatcher?: Dispatcher): HttpClient {
  const { origin, pathname } = new URL(settings.baseUrl);
  const base = pathname.replace(/\/+$/, '');
  const pools = dispatcher === undefined ? createPools(origin, settings) : undefined;
  let latest: { given: readonly string[]; all: string[] } = { given: [], all: [...NOT_COMPRESSED] };

  /** A platform's client gives the same list again and again. */
  function headersOf(given: readonly string[]): string[] {
    if (given !== latest.given) latest = { given, all: [...given, ...NOT_COMPRESSED] };
    return latest.all;
  }

  return {
    request: (request) =>
      new Promise((settle) => {
        const { signal, maxAnswerBytes, statusSuffices } = request;
        const exchange = new Exchange(signal, settle, maxAnswerBytes, statusSuffices);
        if (exchange.ended) return;
        const { method, body = null, fresh = settings.keepAlive === false } = request;
        const headers = headersOf(request.headers);
        const through = pools === undefined ? (dispatcher as Dispatcher) : pools.get(fresh);
        const path = base + request.path;
        through.dispatch({ origin, path, method, headers, body, ...(fresh && { reset: true }) }, exchange);
      }),
    close: async () => {
      await pools?.destroy();
    },
  };
}

/** Without this header a server may answer in any coding. */
const NOT_COMPRESSED = ['accept-encoding', 'identity'] as const;
/** Node's own limit is the same, but a flag of the process could change it. */
const MAX_HEADER_BYTES = 16 * 1024;
/** How long an idle connection is kept if the server gives no hint: gunicorn closes after 2 s. */
const IDLE_MS = 1_000;
/** If the server gives a hint: at most this long, and this much shorter than the hint, so that it does not close as we write. */
const LONGEST_IDLE_MS = 4_000;
const SHORTER_THAN_HINT_MS = 2_000;

interface Pools {
  get(fresh: boolean): Pool;
  destroy(): Promise<void>;
}

/** At most two pools, each made when it is first needed. */
function createPools(origin: string, settings: HttpSettings): Pools {
  let keeping: Pool | undefined;
  let closing: Pool | undefined;
  return {
    get(fresh) {
      if (fresh) {
        // With pipelining 0, undici closes the connection after each answer.
        closing ??= createPool(origin, settings, 0);
        return closing;
      }
      keeping ??= createPool(origin, settings, 1);
      return keeping;
    },
    async destroy() {
      await Promise.all([keeping?.destroy(), closing?.destroy()]);
    },
  };
}

function createPool(
  origin: string,
  { timeoutMs, concurrency, lookup }: HttpSettings,
  pipelining: 0 | 1,
): Pool {
  return new Pool(origin, {
    connections: concurrency,
    pipelining,
    // Explicit, since NODE_TLS_REJECT_UNAUTHORIZED would otherwise turn verification off.
    connect: connectorPastContinue({
      timeout: timeoutMs,
      rejectUnauthorized: true,
      ...(lookup && { lookup }),
    }),
    keepAliveTimeout: IDLE_MS,
    keepAliveMaxTimeout: LONGEST_IDLE_MS,
    keepAliveTimeoutThreshold: SHORTER_THAN_HINT_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  });
}
