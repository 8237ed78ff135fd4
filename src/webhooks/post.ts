import type { Clock } from '../clock.ts';
import type { WebhookConfig } from '../config/webhooks.ts';
import { createHttpClient } from '../platforms/http/client.ts';
import type { HttpResult } from '../platforms/http/result.ts';
import { restMs } from '../platforms/http/retry-after.ts';
import type { Payload } from './payload.ts';
import { publicLookup } from './public-lookup.ts';
import { signatureHeaders } from './signature.ts';

/**
 * The result of one request.
 * - `accepted`: 2xx.
 * - `refused`: 400, 413 or 422, which may concern only this receipt.
 * - `gone`: 410, by which an endpoint asks for no more receipts.
 * - `failed`: anything else, including redirects and no answer: the receipt may be accepted later.
 * The status alone decides, also where its body is too large, breaks off or does not come.
 */
export interface Answer {
  kind: 'accepted' | 'refused' | 'gone' | 'failed';
  /** For people: `answered 503`, `ECONNREFUSED`. */
  detail: string;
  /** How long the endpoint asked to be left alone, milliseconds. */
  restMs?: number | undefined;
}

export interface Post {
  /** Never rejects. Aborted, a request ends as `failed`. */
  send(payload: Payload, signal: AbortSignal): Promise<Answer>;
  /** Ends at once. */
  close(): Promise<void>;
}

const ABOUT_THE_RECEIPT = [400, 413, 422];
/** The body of an answer is not used. */
const MAX_ANSWER_BYTES = 64 * 1024;

export function createPost(
  { url, secrets, timeoutMs, concurrency, privateAddresses }: WebhookConfig,
  { clock, version }: { clock: Pick<Clock, 'now'>; version: string },
): Post {
  const { origin, pathname, search } = new URL(url);
  const lookup = privateAddresses ? undefined : publicLookup;
  const client = createHttpClient({ baseUrl: origin, timeoutMs, concurrency, lookup });
  const fixed = ['content-type', 'application/json', 'user-agent', `Herald/${version}`];
  return {
    async send({ id, body }, signal) {
      const now = clock.now();
      const timestamp = Math.floor(now / 1000);
      const deadline = limited(signal, timeoutMs);
      const result = await client.request({
        method: 'POST',
        path: `${pathname}${search}`,
        headers: [...fixed, ...signatureHeaders({ id, timestamp, body }, secrets)],
        body,
        maxAnswerBytes: MAX_ANSWER_BYTES,
        statusSuffices: true,
        signal: deadline.signal,
      });
      deadline.end();
      return toAnswer(result, now);
    },
    close: () => client.close(),
  };
}

/** Unlike AbortSignal.any, it leaves nothing behind on a signal that outlives thousands of requests. */
function limited(signal: AbortSignal, ms: number): { signal: AbortSignal; end(): void } {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const timer = setTimeout(abort, ms);
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
  return {
    signal: controller.signal,
    end() {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    },
  };
}

function toAnswer(result: HttpResult, now: number): Answer {
  if (result.kind !== 'answered') return { kind: 'failed', detail: result.detail };
  const { status, headers } = result;
  const detail = `answered ${status}`;
  if (status >= 200 && status < 300) return { kind: 'accepted', detail };
  if (status === 410) return { kind: 'gone', detail };
  const kind = ABOUT_THE_RECEIPT.includes(status) ? 'refused' : 'failed';
  return { kind, detail, restMs: restMs(headers['retry-after'], now) };
}
