import { Hono } from 'hono';
import type { App } from '../http/listen.ts';
import { asFields, asText, fieldsOf, parsedJson } from './fields.ts';
import type { Exchange, RequestHandler, Ruling } from './request-handler.ts';

export interface ZulipOptions {
  /** `email:key` of the bots. Default `['bot@example.com:sandbox-key']`. */
  credentials?: readonly string[];
  /** In characters; longer messages are truncated silently. Default 10,000. */
  maxMessageLength?: number;
  /** `email:key` of bots of the type "Incoming webhook", which may send and not read. */
  webhookBots?: readonly string[];
  /** A server older than 7.0, which knows `private` and not `direct`. Default false. */
  old?: boolean;
}

export interface ZulipMessage {
  id: number;
  /** By the sandbox's clock, whole seconds. */
  timestamp: number;
  sender: string;
  /** The people of the conversation, the sender aside, in order. */
  to: string;
  content: string;
}

const CUT = '\n[message truncated]';

/**
 * Zulip's direct messages by its API documentation and its source: form-encoded, all or nobody, trailing white space
 * gone, too long a message cut. User ids and the names of e-mail addresses that end in 0 are unknown.
 */
export class ZulipSandbox {
  readonly messages: ZulipMessage[] = [];
  #credentials: ReadonlySet<string>;
  #webhookBots: ReadonlySet<string>;
  readonly #max: number;
  #old: boolean;

  constructor(options: ZulipOptions = {}) {
    this.#credentials = new Set(options.credentials ?? ['bot@example.com:sandbox-key']);
    this.#webhookBots = new Set(options.webhookBots);
    this.#max = options.maxMessageLength ?? 10_000;
    this.#old = options.old ?? false;
  }

  setCredentials(...credentials: string[]): void {
    this.#credentials = new Set(credentials);
  }

  setWebhookBots(...bots: string[]): void {
    this.#webhookBots = new Set(bots);
  }

  setOld(old: boolean): void {
    this.#old = old;
  }

  routes(handler: RequestHandler): App {
    const app: App = new Hono();
    app.post('/api/v1/messages', async (c) => {
      const fields = await fieldsOf(c);
      // Nobody's message: the fields are looked at after the key.
      if (fields['type'] === undefined) {
        const missing: Ruling = { ...bad("Missing 'type' argument"), result: 'no_message' };
        return handler.answer(c, 'zulip', () => this.#refusedSender(c) ?? missing);
      }
      const to = recipients(fields['to']);
      const call = { platform: 'zulip', recipient: to?.join(',') ?? '', content: asText(fields['content']) };
      return handler.receive(
        c,
        call,
        () => this.#refusedSender(c) ?? this.#decide(sender(c), fields, to, handler.clock.now()),
      );
    });
    app.get('/api/v1/messages', (c) =>
      handler.answer(c, 'zulip', () => this.#refusedReader(c) ?? this.#find(c.req.query())),
    );
    app.get('/api/v1/server_settings', (c) => handler.answer(c, 'zulip', () => this.#settings()));
    return app;
  }

  /** Open to everybody (its documentation of "Get server settings"). */
  #settings(): Ruling {
    const version = this.#old
      ? { zulip_version: '6.2', zulip_feature_level: 158 }
      : { zulip_version: '9.4', zulip_feature_level: 277 };
    return { result: 'told', status: 200, body: { result: 'success', msg: '', ...version } };
  }

  /** 401 as for a wrong key (its source: `validate_api_key` and its tests of incoming webhook bots). */
  #refusedReader(exchange: Exchange): Ruling | undefined {
    if (!this.#webhookBots.has(basic(exchange))) return this.#refusedSender(exchange);
    const text = 'This API is not available to incoming webhook bots.';
    return { ...refusal('UNAUTHORIZED', text), result: 'bad_credentials', status: 401 };
  }

  #refusedSender(exchange: Exchange): Ruling | undefined {
    const key = basic(exchange);
    if (this.#credentials.has(key) || this.#webhookBots.has(key)) return undefined;
    return { ...refusal('INVALID_API_KEY', 'Invalid API key'), result: 'bad_credentials', status: 401 };
  }

  #decide(from: string, fields: Record<string, unknown>, to: string[] | undefined, now: number): Ruling {
    const type = asText(fields['type']);
    if (type !== 'private' && (type !== 'direct' || this.#old)) return bad('Invalid type parameter');
    if (to === undefined) return bad('"to" is not a list of user ids or e-mail addresses');
    const unknown = to.find((name) => /0(?:@|$)/.test(name));
    if (unknown !== undefined) return { ...bad(`Invalid user ID ${unknown}`), result: 'unknown_user' };
    const content = asText(fields['content']).trimEnd().replace(/^\n+/, '');
    if (content === '') return bad('Message must not be empty');
    if (content.includes('\0')) return bad('Message must not contain null bytes');
    const id = this.messages.length + 1;
    const message = { id, timestamp: Math.floor(now / 1000), sender: from, to: conversation(to) };
    this.messages.push({ ...message, content: this.#cut(content) });
    return { result: 'accepted', status: 200, body: { result: 'success', msg: '', id } };
  }

  #cut(content: string): string {
    const characters = [...content];
    if (characters.length <= this.#max) return content;
    return characters.slice(0, this.#max - CUT.length).join('') + CUT;
  }

  /** Only what a search for one's own messages in one conversation needs, from the newest on. */
  #find(query: Record<string, unknown>): Ruling {
    const narrow = parsedJson(asText(query['narrow']));
    const terms = Array.isArray(narrow) ? narrow.map(asFields) : [];
    const known = this.#old ? ['sender', 'pm-with'] : ['sender', 'pm-with', 'dm'];
    const unknown = terms.find(({ operator }) => !known.includes(asText(operator)));
    if (unknown !== undefined) {
      const text = `Invalid narrow operator: unknown ${unknown['operator']} operator`;
      return { ...bad(text), ...refusal('BAD_NARROW', text) };
    }
    const operand = (...names: string[]) =>
      terms.find(({ operator }) => names.includes(asText(operator)))?.['operand'];
    const people = operand('dm', 'pm-with');
    const to = Array.isArray(people) ? people.map(String) : asText(people).split(',');
    const found = this.messages.filter(
      (message) => message.to === conversation(to) && message.sender === operand('sender'),
    );
    const count = Number(query['num_before']);
    const messages = found
      .slice(-count)
      .map(({ id, timestamp, sender: email, content }) => ({ id, timestamp, sender_email: email, content }));
    const body = { result: 'success', msg: '', messages, found_oldest: found.length <= count };
    return { result: 'found', status: 200, body };
  }
}

const basic = ({ req }: Exchange): string =>
  Buffer.from((req.header('authorization') ?? '').replace(/^Basic /, ''), 'base64').toString();

const sender = (exchange: Exchange): string => basic(exchange).replace(/:.*$/, '');

/** A JSON list, of ids or of addresses and never of both; duplicates count once. */
function recipients(to: unknown): string[] | undefined {
  const list = parsedJson(asText(to));
  if (!Array.isArray(list) || list.length === 0) return undefined;
  const same = list.every((one) => typeof one === typeof list[0]);
  const good = same && (list.every(Number.isSafeInteger) || typeof list[0] === 'string');
  return good ? [...new Set(list.map(String))] : undefined;
}

const conversation = (people: readonly string[]): string =>
  people
    .map((name) => name.toLowerCase())
    .toSorted()
    .join(',');

const refusal = (code: string, msg: string) => ({ body: { result: 'error', msg, code } });
const bad = (msg: string): Ruling => ({ ...refusal('BAD_REQUEST', msg), result: 'bad_request', status: 400 });
