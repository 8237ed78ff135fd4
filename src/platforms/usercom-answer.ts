import type { Outcome } from '../outcome.ts';
import {
  type AnswerContext,
  mayHaveActed,
  outcomeOfRateLimit,
  outcomeOfStrangeStatus,
  withRest,
} from './http-outcome.ts';
import type { HttpAnswer } from './http-result.ts';
import { parseObject } from './json-object.ts';
import { platformText } from './platform-text.ts';

/**
 * What User.com's answers mean. Only 201 is documented; the rest looks like Django REST Framework:
 * `{"field":["text"]}` with 400, `{"detail":"text"}` with every other refusal.
 */
/** The fields that name whom the message is for; `user` is the agent. */
const RECIPIENT_FIELDS = ['conversation', 'user_id', 'client_user_id'];

export function readAnswer(answer: HttpAnswer, context: AnswerContext): Outcome {
  return withRest(judge(answer, context), answer, context.now);
}

function judge(answer: HttpAnswer, context: AnswerContext): Outcome {
  const { status } = answer;
  const body = parseObject(answer.text);
  if (status === 429) return outcomeOfRateLimit(answer, context.now);
  if (status === 201) return sent(body);
  if (status < 400 || mayHaveActed(status) || body === undefined)
    return outcomeOfStrangeStatus(answer, context);
  const detail = platformText(textOf(body), context.unspeakable) || 'refused without a reason';
  switch (status) {
    case 401:
    case 403:
      return { kind: 'throttled', reason: 'channel_stopped', stop: 'credentials', detail };
    case 404:
      return { kind: 'rejected', reason: 'bad_recipient', detail };
    case 400: {
      const aboutRecipient = RECIPIENT_FIELDS.some((field) => Object.hasOwn(body, field));
      return { kind: 'rejected', reason: aboutRecipient ? 'bad_recipient' : 'bad_request', detail };
    }
    default:
      return outcomeOfStrangeStatus(answer, context);
  }
}

function sent(body: Record<string, unknown> | undefined): Outcome {
  const id = body?.['id'];
  const known = typeof id === 'string' || Number.isSafeInteger(id);
  return { kind: 'delivered', reason: 'sent', platformMessageId: known ? `${id}` : undefined };
}

/** `field: text`; the text alone where there is no field. */
function textOf(body: Record<string, unknown>): string {
  return Object.entries(body)
    .flatMap(([field, problems]) => {
      const texts = (Array.isArray(problems) ? problems : [problems]).filter(
        (one) => typeof one === 'string',
      );
      const general = field === 'detail' || field === 'non_field_errors';
      return texts.length === 0 ? [] : [general ? texts.join(' ') : `${field}: ${texts.join(' ')}`];
    })
    .join('; ');
}
