import { z } from 'zod';
import { type Clock, systemClock } from '../clock.ts';
import type { Outcome } from '../outcome.ts';
import { baseUrlField, count, headerField, secretField } from './channel-fields.ts';
import { madePost, readAnswer, readTopicSearch, type TopicSearch } from './discourse-answer.ts';
import {
  type DiscourseMessage,
  LIMITS,
  messageShape,
  recipientOf,
  recipientsOf,
  renderBody,
  renderTitle,
} from './discourse-message.ts';
import { createHttpClient, type HttpClient } from './http.ts';
import { outcomeWithoutAnswer } from './http-outcome.ts';
import type { HttpAnswer } from './http-result.ts';
import type {
  Answer,
  ClientDeps,
  CommonChannelSettings,
  PlatformClient,
  PlatformDefinition,
  SendRequest,
} from './port.ts';

/** Discourse's personal messages: `POST {baseUrl}/posts.json` with a JSON body (its API documentation and source). */

const channelShape = {
  baseUrl: baseUrlField,
  apiKey: secretField,
  /** The user who writes. */
  apiUsername: headerField.max(60),
  addressing: z.enum(['usernames', 'groups', 'topicId', 'mixed']).default('usernames'),
  allowEmail: z.boolean().default(false),
  titleMin: count().default(LIMITS.titleMin),
  titleMax: count().default(LIMITS.titleMax),
  bodyMin: count().default(LIMITS.bodyMin),
  bodyMax: count().default(LIMITS.bodyMax),
};

export type DiscourseSettings = z.output<z.ZodObject<typeof channelShape>>;

export const discourse: PlatformDefinition<DiscourseMessage, DiscourseSettings> = {
  name: 'discourse',
  messageShape,
  channelShape,
  secrets: ['apiKey'],
  announced: ['allowEmail', 'titleMin', 'titleMax', 'bodyMin', 'bodyMax'],
  defaults: { eligibility: false, quota: false },
  resolution: 'confirm',
  account: ({ apiUsername }) => apiUsername.toLowerCase(),
  recipient: recipientOf,
  render: renderBody,
  connect: (settings, deps) => new DiscourseClient(settings, deps),
};

class DiscourseClient implements PlatformClient<DiscourseMessage> {
  readonly #http: HttpClient;
  readonly #clock: Clock;
  readonly #headers: string[];
  readonly #secrets: string[];

  constructor(settings: DiscourseSettings & CommonChannelSettings, deps: ClientDeps) {
    const { apiKey, apiUsername } = settings;
    this.#http = createHttpClient(settings, deps.dispatcher);
    this.#clock = deps.clock ?? systemClock;
    this.#secrets = [apiKey];
    // Never in the URL: those are written into every log on the way.
    const credentials = ['api-key', apiKey, 'api-username', apiUsername];
    this.#headers = [...credentials, 'accept', 'application/json', 'user-agent', 'herald'];
  }

  async send(request: SendRequest<DiscourseMessage>): Promise<Outcome> {
    const { message, signal, attempt } = request;
    const headers = [...this.#headers, 'content-type', 'application/json'];
    const body = encode(request);
    const result = await this.#http.request({ method: 'POST', path: '/posts.json', headers, body, signal });
    if (result.kind !== 'answered') return outcomeWithoutAnswer(result);
    const outcome = this.#read(result, request);
    const post = madePost(result);
    if (post && message.archive) return { ...outcome, ...(await this.#archive(post.topicId, signal)) };
    // An external id is taken once: the refusal of a repeated message may tell that the first one arrived.
    const repeated = result.status === 422 && attempt > 1 && message.topicId === undefined;
    return repeated ? this.#afterRefusal(outcome, request) : outcome;
  }

  async confirm(request: SendRequest<DiscourseMessage>): Promise<Answer> {
    if (request.message.topicId !== undefined) {
      return { kind: 'unsure', detail: 'a reply has no external id by which it could be found' };
    }
    const search = await this.#find(request);
    if (search.kind !== 'found') return search;
    if (request.message.archive && search.topicId !== undefined) {
      await this.#archive(search.topicId, request.signal);
    }
    return { kind: 'found' };
  }

  close(): Promise<void> {
    return this.#http.close();
  }

  #read(answer: HttpAnswer, { message, content }: SendRequest<DiscourseMessage>): Outcome {
    const unspeakable = { secrets: this.#secrets, content };
    return readAnswer(answer, {
      now: this.#clock.now(),
      isReply: message.topicId !== undefined,
      unspeakable,
    });
  }

  async #afterRefusal(refusal: Outcome, request: SendRequest<DiscourseMessage>): Promise<Outcome> {
    const search = await this.#find(request);
    if (search.kind === 'found')
      return { kind: 'delivered', reason: 'sent', detail: 'by an earlier attempt' };
    if (search.kind === 'not_found') return refusal;
    return { kind: 'unknown', reason: 'unreadable_answer', detail: `refused, and then: ${search.detail}` };
  }

  async #find({ idempotencyKey, signal }: SendRequest<DiscourseMessage>): Promise<TopicSearch> {
    const path = `/t/external_id/${idempotencyKey}.json`;
    return readTopicSearch(await this.#http.request({ method: 'GET', path, headers: this.#headers, signal }));
  }

  /** Says what went wrong, if anything did. */
  async #archive(topicId: number, signal: AbortSignal): Promise<{ detail?: string }> {
    const path = `/t/${topicId}/archive-message.json`;
    const result = await this.#http.request({ method: 'PUT', path, headers: this.#headers, signal });
    if (result.kind === 'answered' && result.status === 200) return {};
    return {
      detail: `not archived: ${result.kind === 'answered' ? `HTTP ${result.status}` : result.detail}`,
    };
  }
}

/**
 * Without `archetype` a new topic would be a public one, and without a category a 422; a reply with one is refused. A
 * reply keeps no external id and gets one all the same: posts that are the same byte for byte within 120 s are answered
 * with the first one's answer, and two messages of one text into one topic are two.
 */
function encode({ message, content, idempotencyKey }: SendRequest<DiscourseMessage>): string {
  const isReply = message.topicId !== undefined;
  return JSON.stringify({
    ...(isReply
      ? { topic_id: message.topicId }
      : {
          title: renderTitle(message),
          archetype: 'private_message',
          target_recipients: recipientsOf(message).join(','),
        }),
    raw: content,
    external_id: idempotencyKey,
  });
}
