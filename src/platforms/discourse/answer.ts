import type { Outcome } from '../../outcome.ts';
import { parseObject } from '../http/json-object.ts';
import {
  type AnswerContext as CommonContext,
  mayHaveActed,
  outcomeOfRateLimit,
  outcomeOfStrangeStatus,
  withRest,
} from '../http/outcome.ts';
import type { HttpAnswer, HttpResult } from '../http/result.ts';
import { platformText } from '../platform-text.ts';

/**
 * What Discourse's answers mean: the post as it was made, `{"action":"enqueued"}` for one that waits for a moderator,
 * `{"errors":[text …]}` with 422, or `{"errors":[…],"error_type":…}` (Discourse's posts_controller and application
 * controller).
 */
export interface AnswerContext extends CommonContext {
  /** The message is a reply: then a topic that is not there is the recipient's fault, not the address's. */
  isReply: boolean;
  /** Any of these, whatever the case, says that the account posted the same text lately. */
  similarRefusals: readonly string[];
  /** Any of these says that the account may not write, or not to this recipient. */
  senderRefusals: readonly string[];
}

/** A refusal whose words leave open whose fault it is: the recipient's, or the account's or its key's. */
export interface Unclear {
  kind: 'unclear';
  about: 'sender' | 'credentials';
  detail: string;
}

/** The texts are in the account's language; the English ones only choose between the two reasons of a refusal. */
const NO_SUCH_PEOPLE =
  /valid user|could not be found|not accepting messages|recipient|can(?:no|')t (?:send|contact)|topic was (?:closed|deleted)/i;

/** The post that was made, for what is left to do with its topic. */
export interface MadePost {
  id: number;
  topicId: number;
}

export function madePost(answer: HttpAnswer): MadePost | undefined {
  const { id, topic_id: topicId } = (answer.status === 200 && parseObject(answer.text)) || {};
  return isId(id) && isId(topicId) ? { id, topicId } : undefined;
}

export function readAnswer(answer: HttpAnswer, context: AnswerContext): Outcome | Unclear {
  const read = judge(answer, context);
  return read.kind === 'unclear' ? read : withRest(read, answer, context.now);
}

function judge(answer: HttpAnswer, context: AnswerContext): Outcome | Unclear {
  const { status } = answer;
  const { now, isReply } = context;
  const body = parseObject(answer.text);
  if (status === 429) return outcomeOfRateLimit(answer, now, waitSeconds(body));
  const post = madePost(answer);
  if (post) return { kind: 'delivered', reason: 'sent', platformMessageId: `${post.id}` };
  if (status === 200 && body?.['action'] === 'enqueued')
    return { kind: 'delivered', reason: 'held_for_review' };
  if (status < 400 || mayHaveActed(status) || body === undefined)
    return outcomeOfStrangeStatus(answer, context);
  const text = textOf(body);
  const detail = platformText(text, context.unspeakable) || 'refused, no reason given';
  const type = body['error_type'];
  if (status === 403 && type === 'invalid_access') {
    // A key that is good for other topics is refused in the same words as a wrong one.
    if (isReply) return { kind: 'unclear', about: 'credentials', detail };
    return { kind: 'throttled', reason: 'channel_stopped', stop: 'credentials', detail };
  }
  if (status === 404 && type === 'not_found' && isReply) {
    return { kind: 'rejected', reason: 'bad_recipient', detail };
  }
  if (status !== 422 && status !== 400) return outcomeOfStrangeStatus(answer, context);
  if (saysAny(text, context.similarRefusals)) return { kind: 'throttled', reason: 'text_repeated', detail };
  if (saysAny(text, context.senderRefusals)) return { kind: 'unclear', about: 'sender', detail };
  return { kind: 'rejected', reason: NO_SUCH_PEOPLE.test(text) ? 'bad_recipient' : 'bad_request', detail };
}

/** Where the topic of an external id is, if it is anywhere: `GET /t/external_id/{id}.json` redirects there. */
export type TopicSearch =
  | { kind: 'found'; topicId: number | undefined }
  | { kind: 'not_found' }
  | { kind: 'unsure'; detail: string };

export function readTopicSearch(result: HttpResult): TopicSearch {
  if (result.kind !== 'answered') return { kind: 'unsure', detail: `no answer: ${result.detail}` };
  const { status, headers, text } = result;
  if (status === 301 || status === 302) {
    const topic = /\/t\/(?:[^/?#]+\/)?(\d+)(?:[.?#/]|$)/.exec(headers.location ?? '')?.[1];
    if (topic !== undefined) return { kind: 'found', topicId: Number(topic) };
  }
  // Only in Discourse's own words: anything in front of it can say 404 as well.
  if (status === 404 && parseObject(text)?.['error_type'] === 'not_found') return { kind: 'not_found' };
  return { kind: 'unsure', detail: `expected a topic, got HTTP ${status}` };
}

function saysAny(text: string, wordings: readonly string[]): boolean {
  const lower = text.toLowerCase();
  return wordings.some((wording) => lower.includes(wording.toLowerCase()));
}

const isId = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0;

/** How long a refusal for the rate asks to wait, as its body says it. */
export function waitSeconds(body: Record<string, unknown> | undefined): unknown {
  const extras = body?.['extras'];
  return typeof extras === 'object' && extras !== null
    ? (extras as Record<string, unknown>)['wait_seconds']
    : undefined;
}

function textOf({ errors }: Record<string, unknown>): string {
  const texts = Array.isArray(errors) ? errors : [errors];
  return texts.filter((text) => typeof text === 'string').join(' ');
}
