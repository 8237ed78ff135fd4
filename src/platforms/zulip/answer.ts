import type { Outcome } from '../../outcome.ts';
import { parseObject } from '../http/json-object.ts';
import {
  type AnswerContext,
  mayHaveActed,
  outcomeOfRateLimit,
  outcomeOfStrangeStatus,
  withRest,
} from '../http/outcome.ts';
import type { HttpAnswer } from '../http/result.ts';
import { platformText } from '../platform-text.ts';

/**
 * What an answer of Zulip's means: `{"result":"success","id":42}`, or `{"result":"error","code":…,"msg":…}`. The text
 * is in the sender's language, so status and code decide (Zulip's documentation of its REST API's errors).
 */
/** The sender's account or the whole organisation is refused; 401 on today's servers, 403 on old ones. */
const ACCOUNT_REFUSED: ReadonlySet<unknown> = new Set([
  'INVALID_API_KEY',
  'UNAUTHORIZED',
  'USER_DEACTIVATED',
  'REALM_DEACTIVATED',
  'NONEXISTENT_SUBDOMAIN',
]);

/** User ids, or addresses. */
export type People = readonly (number | string)[];

export interface ZulipContext extends AnswerContext {
  people: People;
}

export function readAnswer(answer: HttpAnswer, context: ZulipContext): Outcome {
  return withRest(judge(answer, context), answer, context.now);
}

function judge(answer: HttpAnswer, context: ZulipContext): Outcome {
  const { status } = answer;
  const body = parseObject(answer.text);
  if (status === 429) return outcomeOfRateLimit(answer, context.now, body?.['retry-after']);
  if (status === 200 && body?.['result'] === 'success' && Number.isSafeInteger(body['id'])) {
    return { kind: 'delivered', reason: 'sent', platformMessageId: `${body['id']}` };
  }
  if (status < 400 || mayHaveActed(status) || body?.['result'] !== 'error')
    return outcomeOfStrangeStatus(answer, context);
  const { code, msg } = body;
  const text = platformText(typeof msg === 'string' ? msg : '', context.unspeakable);
  const detail = text || 'refused, no reason given';
  if (status === 401 || ACCOUNT_REFUSED.has(code)) {
    return { kind: 'throttled', reason: 'channel_stopped', stop: 'credentials', detail };
  }
  if (status === 400)
    return { kind: 'rejected', reason: names(msg, context.people) ? 'bad_recipient' : 'bad_request', detail };
  return outcomeOfStrangeStatus(answer, context);
}

/**
 * Whether the text names somebody whom the message is for. An unknown person is refused with the same code as a message without
 * content; whatever the language of the text, it then says whom the server does not know (zerver/lib/addressee.py).
 */
function names(text: unknown, people: People): boolean {
  if (typeof text !== 'string') return false;
  const beginning = text.slice(0, MAX_TEXT).toLowerCase();
  return people.some((person) =>
    typeof person === 'string'
      ? beginning.includes(person.toLowerCase())
      : new RegExp(`(?<!\\d)${person}(?!\\d)`).test(beginning),
  );
}

/** A refusal is a sentence, with an address of at most 254 characters. */
const MAX_TEXT = 1_000;
