import type { Outcome } from '../../outcome.ts';
import { parseObject } from '../http/json-object.ts';
import {
  type AnswerContext,
  mayHaveActed,
  outcomeOfRateLimit,
  outcomeOfStrangeStatus,
  withRest,
} from '../http/outcome.ts';
import type { HttpAnswer, HttpResult } from '../http/result.ts';
import { platformText } from '../platform-text.ts';

/**
 * What User.com's answers mean. Only 201 is documented, and no status for an opened conversation, so that 200 with an
 * `id` is a success as well; the rest looks like Django REST Framework:
 * `{"field":["text"]}` with 400, `{"detail":"text"}` with every other refusal.
 */
export interface UsercomContext extends AnswerContext {
  /** Looked at where the answer is ambiguous. */
  blames: Blame;
}

/**
 * Whom a refusal is about that may be the channel's fault or one message's: a 403 or a refused agent. `nobody` where
 * that could not be found out.
 */
export type Blame = 'channel' | 'message' | 'nobody';

/** The fields that name whom the message is for; `user` is the agent. */
const RECIPIENT_FIELDS = ['conversation', 'user_id', 'client_user_id'];

/**
 * Whether the token or the agent is refused, for this one object or for all of them: 403, which Django REST Framework
 * says of either, or 400 for the agent alone.
 */
export function isAmbiguous({ status, text }: HttpAnswer): boolean {
  const body = parseObject(text);
  if (body === undefined) return false;
  return status === 403 || (status === 400 && Object.keys(body).join() === AGENT_FIELD);
}

const AGENT_FIELD = 'user';

/**
 * Reads the answer to a message without conversation and content. Nobody is written to by it: it is refused by its
 * fields (400), after the token was looked at and before any object is, with every field that is wrong.
 * @param agentMatters whether a refused agent is the channel's
 */
export function readProbe(result: HttpResult, agentMatters: boolean): Blame {
  if (result.kind !== 'answered') return 'nobody';
  const body = parseObject(result.text);
  if (body === undefined) return 'nobody';
  if (result.status === 401 || result.status === 403) return 'channel';
  if (result.status !== 400) return 'nobody';
  return agentMatters && Object.hasOwn(body, AGENT_FIELD) ? 'channel' : 'message';
}

export function readAnswer(answer: HttpAnswer, context: UsercomContext): Outcome {
  return withRest(judge(answer, context), answer, context.now);
}

function judge(answer: HttpAnswer, context: UsercomContext): Outcome {
  const { status } = answer;
  const body = parseObject(answer.text);
  if (status === 429) return outcomeOfRateLimit(answer, context.now);
  if (status === 201 || (status === 200 && isId(body?.['id']))) return sent(body);
  if (status < 400 || mayHaveActed(status) || body === undefined)
    return outcomeOfStrangeStatus(answer, context);
  const detail = platformText(textOf(body), context.unspeakable) || 'refused, no reason given';
  if (status === 401) return stopped(detail);
  if (isAmbiguous(answer)) return blamed(context.blames, status, detail);
  if (status === 404) return { kind: 'rejected', reason: 'bad_recipient', detail };
  if (status !== 400) return outcomeOfStrangeStatus(answer, context);
  const aboutRecipient = RECIPIENT_FIELDS.some((field) => Object.hasOwn(body, field));
  return { kind: 'rejected', reason: aboutRecipient ? 'bad_recipient' : 'bad_request', detail };
}

/** One recipient's refusal must not stop the channel, and the channel's fault must not kill message after message. */
function blamed(blames: Blame, status: number, detail: string): Outcome {
  if (blames === 'channel') return stopped(detail);
  if (blames === 'nobody')
    return { kind: 'failed', reason: 'not_connected', detail: `HTTP ${status}: ${detail}` };
  return { kind: 'rejected', reason: status === 403 ? 'bad_recipient' : 'bad_request', detail };
}

const stopped = (detail: string): Outcome => ({
  kind: 'throttled',
  reason: 'channel_stopped',
  stop: 'credentials',
  detail,
});

const isId = (id: unknown): boolean => (typeof id === 'string' && id !== '') || Number.isSafeInteger(id);

/** The id of the message, or of the conversation that it opened. */
function sent(body: Record<string, unknown> | undefined): Outcome {
  const id = body?.['id'];
  return { kind: 'delivered', reason: 'sent', platformMessageId: isId(id) ? `${id}` : undefined };
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
