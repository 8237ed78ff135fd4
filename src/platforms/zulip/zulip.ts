import { z } from 'zod';
import { type Clock, systemClock } from '../../clock.ts';
import { zulipDialect } from '../../content/dialects/zulip.ts';
import { checkLength } from '../../content/limits.ts';
import { renderContent } from '../../content/render.ts';
import { quotable } from '../../disclosure.ts';
import type { Outcome } from '../../outcome.ts';
import { baseUrlField, count, secretField } from '../channel-fields.ts';
import { createHttpClient, type HttpClient } from '../http/client.ts';
import { parseObject } from '../http/json-object.ts';
import { outcomeWithoutAnswer } from '../http/outcome.ts';
import type { HttpResult } from '../http/result.ts';
import {
  type AccountFinding,
  type ClientDeps,
  type CommonChannelSettings,
  type Confirmation,
  type ConfirmRequest,
  definePlatform,
  type MessageFrom,
  type PlatformClient,
  type SendRequest,
  type SettingsFrom,
} from '../port.ts';
import { readAnswer } from './answer.ts';
import { MAX_SEARCH_BYTES, readSearch, searchPath, stored } from './search.ts';

/** Zulip's direct messages: `POST {baseUrl}/api/v1/messages`, form-encoded (its documentation of "Send a message"). */

/** Several make one group conversation: all of them get the message, or none. */
const MAX_PEOPLE = 100;

const messageShape = {
  /** The people, by the kind of name that the channel's `addressing` says; several make one group conversation. */
  to: quotable(
    z.union([
      z.strictObject({
        userIds: z.array(z.int().positive()).min(1).max(MAX_PEOPLE).describe('The numbers of the users.'),
      }),
      z.strictObject({
        emails: z
          .array(z.email().max(254))
          .min(1)
          .max(MAX_PEOPLE)
          .describe('The addresses by which the server knows the users.'),
      }),
    ]),
  ),
};

/** The feature level of Zulip 7.0, which calls direct messages so (its API's changelog). */
const DIRECT_SINCE = 174;

/** What a server accepts by default, in characters; it truncates longer messages silently. */
const MAX_MESSAGE_LENGTH = 10_000;

const channelShape = {
  /** The organisation's address, such as `https://chat.example.com`. */
  baseUrl: baseUrlField,
  /** The e-mail address of the bot. */
  email: z.email(),
  /** The API key of the bot. */
  apiKey: secretField,
  /** What the API calls direct messages: `private` on servers before 7.0, which are recognised by themselves as well. */
  type: z.enum(['direct', 'private']).default('direct'),
  /** How messages name their recipients. */
  addressing: z.enum(['userIds', 'emails']).default('userIds'),
  /** The longest message that the server takes, in characters; it truncates longer ones silently. */
  maxMessageLength: count().default(MAX_MESSAGE_LENGTH),
};

export type ZulipMessage = MessageFrom<typeof messageShape>;
export type ZulipSettings = SettingsFrom<typeof channelShape>;

export const zulip = definePlatform({
  name: 'zulip',
  messageShape,
  channelShape,
  announced: ['maxMessageLength'],
  defaults: { eligibility: false, quota: false },
  resolution: 'confirm',
  claims: true,
  account: ({ email }) => email.toLowerCase(),
  recipient: ({ to }) => {
    const people = 'userIds' in to ? to.userIds : to.emails.map((email) => email.toLowerCase());
    const key = [...new Set(people.map(String))].toSorted().join(',');
    return { addressing: 'userIds' in to ? 'userIds' : 'emails', key };
  },
  dialect: zulipDialect,
  render: (message, { maxMessageLength = MAX_MESSAGE_LENGTH } = {}) => {
    const content = stored(renderContent(message, zulipDialect));
    checkLength('content', content, { max: maxMessageLength });
    return content;
  },
  connect: (settings, deps) => new ZulipClient(settings, deps),
});

/**
 * Whether the server is older than 7.0 and calls direct messages private, as long as that is not known undefined. All
 * servers take the old name; it is going to go, so the new one goes first.
 */
type Age = 'old' | 'new' | undefined;

class ZulipClient implements PlatformClient<ZulipMessage> {
  readonly #http: HttpClient;
  readonly #clock: Clock;
  readonly #email: string;
  readonly #secrets: string[];
  readonly #headers: string[];
  #age: Age;
  /** False once the server has refused to show the account its own messages. */
  #reads = true;

  constructor(settings: ZulipSettings & CommonChannelSettings, deps: ClientDeps) {
    const { email, apiKey, type } = settings;
    this.#http = createHttpClient(settings, deps.dispatcher);
    this.#clock = deps.clock ?? systemClock;
    this.#email = email;
    this.#age = type === 'private' ? 'old' : undefined;
    const basic = Buffer.from(`${email}:${apiKey}`).toString('base64');
    this.#secrets = [apiKey, basic];
    this.#headers = ['authorization', `Basic ${basic}`, 'accept', 'application/json', 'user-agent', 'herald'];
  }

  async send(request: SendRequest<ZulipMessage>): Promise<Outcome> {
    const first = await this.#sendAs(this.#age === 'old' ? 'private' : 'direct', request);
    if (this.#age !== undefined || !isRefusal(first)) return this.#read(first, request);
    // Only the text, in the language of the bot, says whether the message or its type is refused.
    const second = await this.#sendAs('private', request);
    return this.#read(second, request);
  }

  async confirm(request: ConfirmRequest<ZulipMessage>): Promise<Confirmation> {
    if (!this.#reads) return MAY_NOT_READ;
    let result = await this.#search(request, this.#age === 'old');
    if (this.#age === undefined && isRefusal(result)) result = await this.#search(request, true);
    if (await this.#isKeptFromReading(result, request.signal)) return MAY_NOT_READ;
    return readSearch(result, request.content, request.attemptedAt, this.#clock.now());
  }

  async examine(signal: AbortSignal): Promise<AccountFinding[]> {
    const server = await this.#get('/api/v1/server_settings', signal);
    if (server.kind !== 'answered') return [{ level: 'warning', text: `did not answer: ${server.detail}` }];
    const level = parseObject(server.text)?.['zulip_feature_level'];
    if (typeof level === 'number' && this.#age === undefined)
      this.#age = level < DIRECT_SINCE ? 'old' : 'new';
    const result = await this.#get('/api/v1/messages?anchor=newest&num_before=0&num_after=0', signal);
    if (await this.#isKeptFromReading(result, signal))
      return [{ level: 'warning', text: MAY_NOT_READ.detail }];
    const refused = result.kind === 'answered' && result.status === 401;
    return refused ? [{ level: 'failed', text: 'the server refused email and apiKey' }] : [];
  }

  close(): Promise<void> {
    return this.#http.close();
  }

  async #sendAs(type: 'direct' | 'private', { message, content, signal }: SendRequest<ZulipMessage>) {
    const result = await this.#post({ type, to: JSON.stringify(peopleOf(message)), content }, signal);
    if (result.kind === 'answered' && result.status === 200) this.#age ??= type === 'direct' ? 'new' : 'old';
    return result;
  }

  #post(form: Record<string, string>, signal: AbortSignal): Promise<HttpResult> {
    return this.#http.request({
      method: 'POST',
      path: '/api/v1/messages',
      headers: [...this.#headers, 'content-type', 'application/x-www-form-urlencoded'],
      body: new URLSearchParams(form).toString(),
      // An account that cannot read cannot resolve a lost connection.
      ...(!this.#reads && { fresh: true }),
      signal,
    });
  }

  #get(path: string, signal: AbortSignal): Promise<HttpResult> {
    const maxAnswerBytes = MAX_SEARCH_BYTES;
    return this.#http.request({ method: 'GET', path, headers: this.#headers, maxAnswerBytes, signal });
  }

  #search({ message, signal }: ConfirmRequest<ZulipMessage>, old: boolean): Promise<HttpResult> {
    return this.#get(searchPath({ people: peopleOf(message), sender: this.#email, old }), signal);
  }

  #read(result: HttpResult, { message, content }: SendRequest<ZulipMessage>): Outcome {
    if (result.kind !== 'answered') return outcomeWithoutAnswer(result);
    return readAnswer(result, {
      now: this.#clock.now(),
      unspeakable: { secrets: this.#secrets, content },
      people: peopleOf(message),
    });
  }

  /**
   * A bot of the type "Incoming webhook" may send and not read: 401, with the code of a wrong key and a text in any
   * language. A message without fields distinguishes them: a server that accepts the key refuses it for its fields (400).
   */
  async #isKeptFromReading(result: HttpResult, signal: AbortSignal): Promise<boolean> {
    if (result.kind !== 'answered' || result.status !== 401) return false;
    if (isRefusal(await this.#post({}, signal))) this.#reads = false;
    return !this.#reads;
  }
}

/** The server took note of the request, and refuses what it says. */
const isRefusal = (result: HttpResult): boolean =>
  result.kind === 'answered' && result.status === 400 && parseObject(result.text)?.['result'] === 'error';

const MAY_NOT_READ: Extract<Confirmation, { kind: 'unavailable' }> = {
  kind: 'unavailable',
  detail:
    'the account may send but not read, like bots of the type "Incoming webhook": a send whose answer is lost stays in ' +
    'doubt and its message ends dead, unconfirmed; use a bot of the type "Generic bot"',
};

const peopleOf = ({ to }: ZulipMessage): (number | string)[] => ('userIds' in to ? to.userIds : to.emails);
