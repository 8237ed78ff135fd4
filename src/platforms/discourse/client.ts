import { type Clock, systemClock } from '../../clock.ts';
import type { Outcome } from '../../outcome.ts';
import { createHttpClient, type HttpClient } from '../http/client.ts';
import { outcomeWithoutAnswer } from '../http/outcome.ts';
import type { HttpAnswer, HttpResult } from '../http/result.ts';
import { longest } from '../http/retry-after.ts';
import type {
  AccountFinding,
  Answer,
  ClientDeps,
  CommonChannelSettings,
  PlatformClient,
  SendRequest,
} from '../port.ts';
import { findingsOf, readSession } from './account.ts';
import { madePost, readAnswer, readTopicSearch, type TopicSearch, type Unclear } from './answer.ts';
import { Archiver } from './archive.ts';
import { type DiscourseMessage, recipientOf, recipientsOf, renderTitle } from './message.ts';
import { Repeats } from './repeats.ts';
import type { DiscourseSettings } from './settings.ts';
import { Standing } from './standing.ts';

/** Between two attempts of a message whose refusal is ambiguous: the results of others narrow it down meanwhile. */
const UNCLEAR_WAIT_MS = 10_000;

export class DiscourseClient implements PlatformClient<DiscourseMessage> {
  readonly #http: HttpClient;
  readonly #clock: Clock;
  readonly #headers: string[];
  readonly #secrets: string[];
  readonly #settings: DiscourseSettings;
  readonly #repeats: Repeats;
  readonly #archiver: Archiver;
  readonly #standing = { sender: new Standing(), credentials: new Standing() };

  constructor(settings: DiscourseSettings & CommonChannelSettings, deps: ClientDeps) {
    const { apiKey, apiUsername } = settings;
    this.#settings = settings;
    this.#repeats = new Repeats(settings.uniquePostsMins);
    this.#archiver = new Archiver({
      archive: (topicId, signal) => this.#putArchive(topicId, signal),
      now: () => this.#clock.now(),
      warn: deps.warn ?? (() => {}),
    });
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
    const read = this.#read(result, request);
    const post = madePost(result);
    if (read.kind === 'delivered') {
      this.#accepted();
      if (!post || !message.archive) return read;
      const { detail, restMs } = await this.#archiver.archive(post.topicId, signal);
      return { ...read, detail, restMs: longest([read.restMs, restMs]) };
    }
    // An external id is accepted once: the refusal of a repeated message may mean that the first one arrived.
    const repeated = result.status === 422 && attempt > 1 && message.topicId === undefined;
    return (repeated ? await this.#earlier(request) : undefined) ?? this.#conclude(read, request);
  }

  async confirm(request: SendRequest<DiscourseMessage>): Promise<Answer> {
    if (request.message.topicId !== undefined) {
      return { kind: 'unsure', detail: 'a reply has no external_id to look it up by' };
    }
    const search = await this.#find(request);
    if (search.kind !== 'found') return search;
    if (request.message.archive && search.topicId !== undefined) {
      await this.#archiver.archive(search.topicId, request.signal);
    }
    return { kind: 'found' };
  }

  /** Whether the account may write to anybody; findings for its operator, a sentence each. */
  async examine(signal: AbortSignal): Promise<AccountFinding[]> {
    const result = await this.#session(signal);
    if (result.kind !== 'answered') return [{ level: 'warning', text: `did not answer: ${result.detail}` }];
    return findingsOf(readSession(result) ?? result.status, this.#settings);
  }

  close(): Promise<void> {
    this.#archiver.close();
    return this.#http.close();
  }

  #read(answer: HttpAnswer, { message, content }: SendRequest<DiscourseMessage>): Outcome | Unclear {
    const { similarRefusals, senderRefusals } = this.#settings;
    return readAnswer(answer, {
      now: this.#clock.now(),
      isReply: message.topicId !== undefined,
      similarRefusals,
      senderRefusals,
      unspeakable: { secrets: this.#secrets, content },
    });
  }

  #accepted(): void {
    this.#standing.sender.accepted();
    this.#standing.credentials.accepted();
  }

  /** Adds what an answer alone does not say: how long a text has to wait, and whose fault a refusal is. */
  async #conclude(read: Outcome | Unclear, request: SendRequest<DiscourseMessage>): Promise<Outcome> {
    if (read.kind === 'unclear') return this.#judge(read, request);
    if (read.kind !== 'throttled' || read.reason !== 'text_repeated') return read;
    return { ...read, messageWaitMs: this.#repeats.waitMs(request.content, this.#clock.now()) };
  }

  async #judge({ about, detail }: Unclear, request: SendRequest<DiscourseMessage>): Promise<Outcome> {
    const recipient = recipientOf(request.message).key;
    const fault =
      (await this.#faultBySession(about, request)) ??
      this.#standing[about].judge(recipient, request.idempotencyKey());
    if (fault === 'recipient') return { kind: 'rejected', reason: 'bad_recipient', detail };
    if (fault === 'channel') return { kind: 'throttled', reason: 'channel_stopped', stop: about, detail };
    return { kind: 'throttled', reason: 'refusal_unclear', messageWaitMs: UNCLEAR_WAIT_MS, detail };
  }

  /** A key that may read its own session is valid; staff may write to anybody, and some accounts to nobody. */
  async #faultBySession(
    about: Unclear['about'],
    { signal }: SendRequest<DiscourseMessage>,
  ): Promise<'recipient' | 'channel' | undefined> {
    const account = readSession(await this.#session(signal));
    if (account === undefined) return undefined;
    if (about === 'credentials' || account.staff) return 'recipient';
    return account.maySendMessages === false ? 'channel' : undefined;
  }

  /** What became of an earlier attempt; undefined where it certainly did not arrive. */
  async #earlier(request: SendRequest<DiscourseMessage>): Promise<Outcome | undefined> {
    const search = await this.#find(request);
    if (search.kind === 'found')
      return { kind: 'delivered', reason: 'sent', detail: 'sent by an earlier attempt' };
    if (search.kind === 'not_found') return undefined;
    return {
      kind: 'unknown',
      reason: 'unreadable_answer',
      detail: `refused as a repetition; looking it up: ${search.detail}`,
    };
  }

  async #find(request: SendRequest<DiscourseMessage>): Promise<TopicSearch> {
    const path = `/t/external_id/${request.idempotencyKey()}.json`;
    const { signal } = request;
    return readTopicSearch(await this.#http.request({ method: 'GET', path, headers: this.#headers, signal }));
  }

  #session(signal: AbortSignal): Promise<HttpResult> {
    const path = '/session/current.json';
    return this.#http.request({ method: 'GET', path, headers: this.#headers, signal });
  }

  #putArchive(topicId: number, signal: AbortSignal): Promise<HttpResult> {
    const path = `/t/${topicId}/archive-message.json`;
    return this.#http.request({ method: 'PUT', path, headers: this.#headers, signal });
  }
}

/**
 * Without `archetype` a new topic would be a public one, and without a category a 422; a reply with one is refused. A
 * reply keeps no external id and gets one anyway: posts that are the same byte for byte within 120 s are answered
 * with the first one's answer, and two messages of one text into one topic are two.
 */
function encode(request: SendRequest<DiscourseMessage>): string {
  const { message, content } = request;
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
    external_id: request.idempotencyKey(),
  });
}
