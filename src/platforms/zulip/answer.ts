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

export function readAnswer(answer: HttpAnswer, context: AnswerContext): Outcome {
  return withRest(judge(answer, context), answer, context.now);
}

function judge(answer: HttpAnswer, context: AnswerContext): Outcome {
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
  if (status === 400) return { kind: 'rejected', reason: 'bad_request', detail };
  return outcomeOfStrangeStatus(answer, context);
}
