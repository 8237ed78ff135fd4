import type { Outcome } from '../../outcome.ts';
import { parseObject } from '../http/json-object.ts';
import {
  type AnswerContext as CommonContext,
  mayHaveActed,
  outcomeOfRateLimit,
  outcomeOfStrangeStatus,
  withRest,
} from '../http/outcome.ts';
import type { HttpAnswer } from '../http/result.ts';
import { platformText } from '../platform-text.ts';

/**
 * What an answer of Kongregate's private_message means. The API answers HTTP 200 to nearly everything, so the body
 * decides: `{"success":true}`, `{"success":false,"errors":[text …]}`, or the envelope of its other methods,
 * `{"success":false,"error":403,"error_description":text}` (Kongregate's API documentation).
 */
export interface AnswerContext extends CommonContext {
  /** Any of these in a refusal, whatever the case, says that the player already got today's message. */
  quotaRefusals: readonly string[];
}

interface Refusal {
  /** The number of the second envelope. */
  code: number | undefined;
  text: string;
}

const SENT: Outcome = Object.freeze({ kind: 'delivered', reason: 'sent' });

/** "Game cannot send a PM to someone who hasn't played the game within 2 weeks.", with either apostrophe. */
const NOT_PLAYED = /\b(?:hasn.t|has not|have not|haven.t) played\b/i;
/** A key refused in the first envelope. Stopping loses nothing; rejecting would kill every message that waits. */
const BAD_KEY = /\binvalid credentials\b|\bapi[ _]key\b/i;
/** The wording of an unknown recipient is not documented: the likely ones. It only chooses the reason. */
const NO_SUCH_USER =
  /\b(?:unknown|invalid|no such) (?:user|player|recipient)|\b(?:user|player|recipient)\w* (?:was )?(?:not found|does(?:n.t| not) exist)|\bfind (?:the |that )?(?:user|player|recipient)/i;
/** A player who accepts none: likely wordings, too. */
const UNWILLING =
  /\b(?:user|player|recipient)\b.*\b(?:block|ignor|mut|disabl|does(?:n.t| not) (?:accept|allow))/i;
const ABOUT_PLAYER = /\b(?:user|player|recipient|someone)/i;
const GAME_REFUSED =
  /\bgame\b.*\b(?:not|\w+n.t|no longer|disabled|revoked|withdrawn)\b|\b(?:not|\w+n.t|no longer|disabled|revoked|withdrawn)\b.*\bgame\b/i;

export function readAnswer(answer: HttpAnswer, context: AnswerContext): Outcome {
  return withRest(judge(answer, context), answer, context.now);
}

function judge(answer: HttpAnswer, context: AnswerContext): Outcome {
  if (answer.status === 429) return outcomeOfRateLimit(answer, context.now);
  if (mayHaveActed(answer.status)) return outcomeOfStrangeStatus(answer, context);
  const body = parseObject(answer.text);
  const isSuccess = answer.status >= 200 && answer.status < 300;
  if (isSuccess && body?.['success'] === true) return SENT;
  const refusal = body === undefined ? undefined : readRefusal(body);
  if (refusal !== undefined) return readReason(refusal, answer, context);
  return outcomeOfStrangeStatus(answer, context);
}

function readReason(refusal: Refusal, answer: HttpAnswer, context: AnswerContext): Outcome {
  const { code, text } = refusal;
  const detail = platformText(text, context.unspeakable) || 'refused, no reason given';
  if (code === 429) return outcomeOfRateLimit(answer, context.now);
  if (code !== undefined && mayHaveActed(code)) return { kind: 'unknown', reason: 'server_error', detail };
  const namesPlayer = NO_SUCH_USER.test(text) || UNWILLING.test(text);
  if (BAD_KEY.test(text) || ((code === 401 || code === 403) && !namesPlayer)) {
    return { kind: 'throttled', reason: 'channel_stopped', stop: 'credentials', detail };
  }
  if (NOT_PLAYED.test(text)) return { kind: 'suppressed', reason: 'ineligible', detail };
  if (matchesAny(text, context.quotaRefusals)) return { kind: 'throttled', reason: 'quota_refused', detail };
  if (blamesGame(text)) return { kind: 'throttled', reason: 'channel_stopped', stop: 'sender', detail };
  return { kind: 'rejected', reason: namesPlayer ? 'bad_recipient' : 'bad_request', detail };
}

/**
 * The game was never given the feature, or lost it for using it too much: the documentation says that both happen, not
 * how it is worded. All players alike are refused then, so no message may die of it.
 */
const blamesGame = (text: string): boolean => GAME_REFUSED.test(text) && !ABOUT_PLAYER.test(text);

/** A refusal must say so: `success` false, or an error of either envelope and no `success` at all. */
function readRefusal(body: Record<string, unknown>): Refusal | undefined {
  const { success, error, errors, error_description: description } = body;
  const says = error !== undefined || errors !== undefined;
  if (success !== false && !(success === undefined && says)) return undefined;
  const numeric = typeof error === 'number' || (typeof error === 'string' && /^\d{3}$/.test(error));
  const texts = [...textsOf(errors), ...textsOf(description), ...(numeric ? [] : textsOf(error))];
  return { code: numeric ? Number(error) : undefined, text: texts.join(' ').slice(0, LONGEST_REFUSAL) };
}

/** Longer texts are not refusals that anybody wrote, and the patterns would take quadratic time on them. Characters. */
const LONGEST_REFUSAL = 2_000;
/** Lists of texts by field, as frameworks report them. */
const DEEPEST = 4;

function textsOf(value: unknown, depth = 0): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null || depth >= DEEPEST) return [];
  return Object.values(value).flatMap((inner) => textsOf(inner, depth + 1));
}

function matchesAny(text: string, patterns: readonly string[]): boolean {
  const lower = text.toLowerCase();
  return patterns.some((pattern) => lower.includes(pattern.toLowerCase()));
}
