import type { Outcome } from '../outcome.ts';
import type { HttpAnswer, Lost, NotConnected } from './http-result.ts';
import { restMs } from './retry-after.ts';

/** What HTTP itself tells of a request, the same for every platform; each reads its own bodies first. */

/** A request that ended without an answer. */
export function outcomeWithoutAnswer(result: NotConnected | Lost): Outcome {
  return result.kind === 'not_connected'
    ? { kind: 'failed', reason: 'not_connected', detail: result.detail }
    : { kind: 'unknown', reason: result.reason, detail: result.detail };
}

/**
 * Asked to wait, for as long as the header says, or the body where it says longer.
 * @param inBody seconds or a date, as in the header
 */
export function outcomeOfRateLimit(answer: HttpAnswer, now: number, inBody?: unknown): Outcome {
  const rests = [answer.headers['retry-after'], inBody].flatMap((value) => restMs(value, now) ?? []);
  const rest = rests.length === 0 ? undefined : Math.max(...rests);
  return { kind: 'throttled', reason: 'rate_limited', restMs: rest, detail: 'asked to slow down' };
}

/** The statuses by which a server refuses this very request for good: sending it again would change nothing. */
const REFUSES_THE_REQUEST: ReadonlySet<number> = new Set([400, 413, 414, 415, 422, 431]);

/**
 * A status that the platform's own rules do not explain, so most likely something in front of it speaks.
 * - 5xx: it may have acted before it failed.
 * - 3xx: tells neither way (a redirect can follow an accepted POST), and where it leads we do not send keys.
 * - 4xx: HTTP's promise that the request was not acted upon. The wrong address (404), a wall in front (401, 403, 407)
 *   or a hurry (408, 425) pass with time or with a person's help, so they count as not having reached the platform:
 *   the breaker opens and the messages stay. The few that judge the request itself end it.
 * - 2xx that got here cannot be read as the platform's answer.
 */
export function outcomeOfStrangeStatus(answer: HttpAnswer, now: number): Outcome {
  const { status } = answer;
  const detail = `HTTP ${status}, not in the platform's own words`;
  if (status === 429) return outcomeOfRateLimit(answer, now);
  if (status >= 500) return { kind: 'unknown', reason: 'server_error', detail };
  if (REFUSES_THE_REQUEST.has(status)) return { kind: 'rejected', reason: 'bad_request', detail };
  if (status >= 400) return { kind: 'failed', reason: 'not_connected', detail };
  if (status >= 300)
    return { kind: 'unknown', reason: 'unreadable_answer', detail: `${detail}: check baseUrl` };
  return { kind: 'unknown', reason: 'unreadable_answer', detail };
}
