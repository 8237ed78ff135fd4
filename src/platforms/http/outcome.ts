import type { Outcome } from '../../outcome.ts';
import type { Unspeakable } from '../platform-text.ts';
import { describeAnswer } from './describe-answer.ts';
import type { HttpAnswer, Lost, NotConnected } from './result.ts';
import { longest, restMs } from './retry-after.ts';

/** What HTTP itself says about a request, the same for every platform; each platform reads its own bodies first. */

/** What every reader of answers has to know. */
export interface AnswerContext {
  /** Milliseconds since the epoch, for dates in Retry-After. */
  now: number;
  unspeakable: Unspeakable;
}

/** A request that ended without an answer. */
export function outcomeWithoutAnswer(result: NotConnected | Lost): Outcome {
  return result.kind === 'not_connected'
    ? { kind: 'failed', reason: 'not_connected', detail: result.detail }
    : { kind: 'unknown', reason: result.reason, detail: result.detail };
}

/** How long an answer asks to be left alone, whatever its status: milliseconds; undefined where it does not. */
export const restOf = ({ headers }: HttpAnswer, now: number): number | undefined =>
  restMs(headers['retry-after'], now);

/**
 * Asked to wait, for as long as the header says, or the body where it says longer.
 * @param inBody seconds or a date, as in the header
 */
export function outcomeOfRateLimit(answer: HttpAnswer, now: number, inBody?: unknown): Outcome {
  const rest = longest([restOf(answer, now), restMs(inBody, now)]);
  return { kind: 'throttled', reason: 'rate_limited', restMs: rest, detail: 'rate limited by the platform' };
}

/**
 * Adds the rest that any answer may ask for. RFC 9110 (10.2.3) defines Retry-After for 503 and redirects;
 * with another status it means the same.
 */
export function withRest(outcome: Outcome, answer: HttpAnswer, now: number): Outcome {
  const rest = longest([outcome.restMs, restOf(answer, now)]);
  return rest === undefined ? outcome : { ...outcome, restMs: rest };
}

/** The statuses by which a server refuses this very request for good: sending it again would change nothing. */
const REFUSES_THE_REQUEST: ReadonlySet<number> = new Set([400, 413, 414, 415, 422, 431]);

/**
 * The client errors that mean that a request was cut off, not refused. 408: a proxy says it for a server
 * behind it that took too long, so the request may have been read. 499 (nginx) and 460 (a load balancer): the client
 * had gone, so the server behind was at work on it.
 */
const GAVE_UP_WAITING: ReadonlySet<number> = new Set([408, 460, 499]);
/** The others that a standard names (IANA's registry), and so promise what 4xx does. */
const isStandardRefusal = (status: number): boolean =>
  (status >= 400 && status <= 431 && status !== 419 && status !== 420 && status !== 430) || status === 451;

/** Whether a server that answers this may have acted upon the request anyway. */
export const mayHaveActed = (status: number): boolean =>
  status >= 500 || GAVE_UP_WAITING.has(status) || (status >= 400 && !isStandardRefusal(status));

/**
 * A status that the platform's own rules do not explain, so most likely something in front of it speaks.
 * - 5xx: it may have acted before it failed.
 * - 3xx: proves neither (a redirect can follow an accepted POST), and keys are not sent to its target.
 * - 4xx: HTTP's promise that the request was not acted upon. The wrong address (404), a wall in front (401, 403, 407)
 *   or a hurry (425) pass with time or with a person's help, so they count as not having reached the platform:
 *   the breaker opens and the messages stay. The few that judge the request itself end it. Those that mean that a wait
 *   was given up (408, 499), and those that no standard defines, prove nothing.
 * - 2xx that got here cannot be read as the platform's answer.
 */
export function outcomeOfStrangeStatus(answer: HttpAnswer, { now, unspeakable }: AnswerContext): Outcome {
  const { status } = answer;
  if (status === 429) return outcomeOfRateLimit(answer, now);
  const detail = describeAnswer(answer, unspeakable);
  if (status >= 500) return { kind: 'unknown', reason: 'server_error', detail };
  if (GAVE_UP_WAITING.has(status)) return { kind: 'unknown', reason: 'timeout', detail };
  if (mayHaveActed(status)) return { kind: 'unknown', reason: 'unreadable_answer', detail };
  if (REFUSES_THE_REQUEST.has(status)) return { kind: 'rejected', reason: 'bad_request', detail };
  if (status >= 400) return { kind: 'failed', reason: 'not_connected', detail };
  return { kind: 'unknown', reason: 'unreadable_answer', detail };
}
