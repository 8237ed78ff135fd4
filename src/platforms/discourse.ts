import { z } from 'zod';
import { type Clock, systemClock } from '../clock.ts';
import { discourseDialect } from '../content/discourse-dialect.ts';
import type { Outcome } from '../outcome.ts';
import { baseUrlField, count, headerField, secretField } from './channel-fields.ts';
import {
  madePost,
  readAnswer,
  readSession,
  readTopicSearch,
  type TopicSearch,
  type Unclear,
} from './discourse-answer.ts';
import { Archiver } from './discourse-archive.ts';
import {
  type DiscourseMessage,
  LIMITS,
  messageShape,
  recipientOf,
  recipientsOf,
  renderBody,
  renderTitle,
} from './discourse-message.ts';
import { Repeats } from './discourse-repeats.ts';
import { Standing } from './discourse-standing.ts';
import { createHttpClient, type HttpClient } from './http.ts';
import { outcomeWithoutAnswer } from './http-outcome.ts';
import type { HttpAnswer, HttpResult } from './http-result.ts';
import type {
  AccountFinding,
  Answer,
  ClientDeps,
  CommonChannelSettings,
  PlatformClient,
  PlatformDefinition,
  SendRequest,
} from './port.ts';
import { longest } from './retry-after.ts';

/** Between two looks at a message whose refusal says too little; the others tell more of it meanwhile. */
const UNCLEAR_WAIT_MS = 10_000;

/** Discourse's personal messages: `POST {baseUrl}/posts.json` with a JSON body (its API documentation and source). */

const wordings = (...standard: string[]) => z.array(z.string().min(1)).default(standard);

const channelShape = {
  /** The site's address, such as `https://forum.example.com`. */
  baseUrl: baseUrlField,
  /** An API key for `apiUsername`, or for all users. */
  apiKey: secretField,
  /** The user who writes. */
  apiUsername: headerField.max(60),
  /** How people are named: `usernames` (the default), `groups`, `topicId`, or `mixed`, which a quota does not go with. */
  addressing: z.enum(['usernames', 'groups', 'topicId', 'mixed']).default('usernames'),
  /** Takes e-mail addresses in `usernames`, for which the site may create staged users. */
  allowEmail: z.boolean().default(false),
  /** The site's shortest title of a personal message, in characters; 2 when absent. */
  titleMin: count().default(LIMITS.titleMin),
  /** The site's longest title, in characters; 255 when absent. */
  titleMax: count().default(LIMITS.titleMax),
  /** The site's shortest body of a personal message, in characters; 10 when absent. */
  bodyMin: count().default(LIMITS.bodyMin),
  /** The site's longest body, in characters; 32,000 when absent. */
  bodyMax: count().default(LIMITS.bodyMax),
  maxRecipients: count().default(LIMITS.maxRecipients),
  /** The site's setting `unique_posts_mins`. */
  uniquePostsMins: count().default(5),
  /** How the site, in the account's language, refuses a text that the account posted within `uniquePostsMins`. */
  similarRefusals: wordings('too similar to what you recently posted'),
  /** How it refuses an account that may not send messages, or not to this recipient. */
  senderRefusals: wordings('cannot send a personal message', 'suspended users', 'silenced'),
};

export type DiscourseSettings = z.output<z.ZodObject<typeof channelShape>>;

export const discourse: PlatformDefinition<DiscourseMessage, DiscourseSettings> = {
  name: 'discourse',
  messageShape,
  channelShape,
  secrets: ['apiKey'],
  announced: ['allowEmail', 'titleMin', 'titleMax', 'bodyMin', 'bodyMax', 'maxRecipients'],
  defaults: { eligibility: false, quota: false },
  resolution: 'confirm',
  account: ({ apiUsername }) => apiUsername.toLowerCase(),
  recipient: recipientOf,
  unquotable,
  requests: ({ archive }) => (archive ? 2 : 1),
  dialect: discourseDialect,
  render: renderBody,
  connect: (settings, deps) => new DiscourseClient(settings, deps),
};

function unquotable({ addressing, allowEmail }: DiscourseSettings) {
  const twice = 'so that one could get two messages a window; the channel needs quota: false, or';
  if (allowEmail) {
    const message = `lets a person be named by name and by address, ${twice} allowEmail: false`;
    return { field: 'allowEmail', message };
  }
  if (addressing !== 'mixed') return undefined;
  const message = `mixed names people by themselves and by their groups, ${twice} addressing: usernames`;
  return { field: 'addressing', message };
}

class DiscourseClient implements PlatformClient<DiscourseMessage> {
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
    // An external id is taken once: the refusal of a repeated message may tell that the first one arrived.
    const repeated = result.status === 422 && attempt > 1 && message.topicId === undefined;
    return (repeated ? await this.#earlier(request) : undefined) ?? this.#conclude(read, request);
  }

  async confirm(request: SendRequest<DiscourseMessage>): Promise<Answer> {
    if (request.message.topicId !== undefined) {
      return { kind: 'unsure', detail: 'a reply has no external id by which it could be found' };
    }
    const search = await this.#find(request);
    if (search.kind !== 'found') return search;
    if (request.message.archive && search.topicId !== undefined) {
      await this.#archiver.archive(search.topicId, request.signal);
    }
    return { kind: 'found' };
  }

  /** Whether the account is one that may write to anybody: what to tell its operator, a sentence each. */
  async examine(signal: AbortSignal): Promise<AccountFinding[]> {
    const result = await this.#session(signal);
    if (result.kind !== 'answered') return [{ level: 'warning', text: `does not answer: ${result.detail}` }];
    const account = readSession(result);
    const { apiUsername, uniquePostsMins, maxRecipients } = this.#settings;
    if (account === undefined) {
      const said = `HTTP ${result.status}`;
      return [
        { level: 'warning', text: `${said}: apiKey or apiUsername is wrong, or the key too narrow to ask` },
      ];
    }
    if (account.staff) return [];
    if (account.maySendMessages === false) {
      const todo = 'add it to a group of personal_message_enabled_groups, or make it a moderator';
      return [{ level: 'failed', text: `${apiUsername} may not send personal messages: ${todo}` }];
    }
    const limits = `the same text once in ${uniquePostsMins} minutes and ${maxRecipients} recipients a message`;
    return [
      { level: 'warning', text: `${apiUsername} is an ordinary member: ${limits}; make it a moderator` },
    ];
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

  /** Adds what an answer alone does not tell: how long a text has to wait, and whose fault a refusal is. */
  async #conclude(read: Outcome | Unclear, request: SendRequest<DiscourseMessage>): Promise<Outcome> {
    if (read.kind === 'unclear') return this.#judge(read, request);
    if (read.kind !== 'throttled' || read.reason !== 'text_repeated') return read;
    return { ...read, messageWaitMs: this.#repeats.waitMs(request.content, this.#clock.now()) };
  }

  async #judge({ about, detail }: Unclear, request: SendRequest<DiscourseMessage>): Promise<Outcome> {
    const { message, idempotencyKey } = request;
    const fault =
      (await this.#faultBySession(about, request)) ??
      this.#standing[about].judge(recipientOf(message).key, idempotencyKey);
    if (fault === 'recipient') return { kind: 'rejected', reason: 'bad_recipient', detail };
    if (fault === 'channel') return { kind: 'throttled', reason: 'channel_stopped', stop: about, detail };
    return { kind: 'throttled', reason: 'refusal_unclear', messageWaitMs: UNCLEAR_WAIT_MS, detail };
  }

  /** A key that may ask who it is for is good, staff may write to anybody, and some may write to nobody. */
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
      return { kind: 'delivered', reason: 'sent', detail: 'by an earlier attempt' };
    if (search.kind === 'not_found') return undefined;
    return { kind: 'unknown', reason: 'unreadable_answer', detail: `refused, and then: ${search.detail}` };
  }

  async #find({ idempotencyKey, signal }: SendRequest<DiscourseMessage>): Promise<TopicSearch> {
    const path = `/t/external_id/${idempotencyKey}.json`;
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
