import { Hono } from 'hono';
import type { App } from '../http/listen.ts';
import { asText, fieldsOf } from './fields.ts';
import type { Exchange, RequestHandler, Ruling } from './request-handler.ts';

export interface UsercomOptions {
  /** The keys that are good. Default `['sandbox-key']`. */
  apiKeys?: readonly string[];
  /** Keys of accounts that may do nothing: 403 to everything. */
  powerlessKeys?: readonly string[];
}

export interface UsercomMessageRecord {
  id: number;
  /** `conversation 5`, or the user whose new conversation it opens. */
  to: string;
  /** The agent; undefined where a conversation is opened without one. */
  user: number | undefined;
  content: string;
  source: unknown;
  sourceContext: unknown;
}

/**
 * User.com's conversation messages by its API documentation, and by Django REST Framework's habits where that is silent:
 * 401 for a bad token, 404 for an unknown user, 403 for what the token may not do, 400 by field. Users, conversations and
 * agents that end in 0 are unknown; users and conversations that end in 403 are closed to the token.
 */
export class UsercomSandbox {
  readonly messages: UsercomMessageRecord[] = [];
  #apiKeys: ReadonlySet<string>;
  #powerless: ReadonlySet<string>;

  constructor(options: UsercomOptions = {}) {
    this.#apiKeys = new Set(options.apiKeys ?? ['sandbox-key']);
    this.#powerless = new Set(options.powerlessKeys);
  }

  setApiKeys(...keys: string[]): void {
    this.#apiKeys = new Set(keys);
  }

  setPowerlessKeys(...keys: string[]): void {
    this.#powerless = new Set(keys);
  }

  routes(handler: RequestHandler): App {
    const app: App = new Hono();
    app.post('/api/public/message/', async (c) => {
      const fields = await fieldsOf(c);
      const name = `${fields['conversation'] ?? ''}`;
      const recipient = `conversation ${name}`;
      const decide = () =>
        this.#refusedKey(c) ??
        (name.endsWith('403') ? forbidden() : undefined) ??
        this.#decide(fields, recipient, false);
      // Nobody's message.
      if (name === '' && fields['content'] === undefined) return handler.answer(c, 'usercom', decide);
      return handler.receive(
        c,
        { platform: 'usercom', recipient, content: asText(fields['content']) },
        decide,
      );
    });
    app.post('/api/public/users/:id/conversations/', async (c) => {
      const fields = await fieldsOf(c);
      const recipient = c.req.param('id');
      const call = { platform: 'usercom', recipient, content: asText(fields['content']) };
      const unknown = recipient.endsWith('0') ? notFound() : undefined;
      const closed = recipient.endsWith('403') ? forbidden() : undefined;
      return handler.receive(
        c,
        call,
        () => this.#refusedKey(c) ?? unknown ?? closed ?? this.#decide(fields, recipient, true),
      );
    });
    return app;
  }

  #refusedKey({ req }: Exchange): Ruling | undefined {
    const key = (req.header('authorization') ?? '').replace(/^Token /, '');
    if (this.#powerless.has(key)) return forbidden();
    if (this.#apiKeys.has(key)) return undefined;
    return { result: 'bad_credentials', status: 401, body: { detail: 'Invalid token.' } };
  }

  #decide(fields: Record<string, unknown>, to: string, opens: boolean): Ruling {
    const problems = {
      ...(opens ? {} : conversationProblem(fields['conversation'])),
      ...problemsOf(fields, opens),
    };
    if (Object.keys(problems).length > 0) {
      const aboutRecipient = Object.hasOwn(problems, 'conversation');
      return { result: aboutRecipient ? 'unknown_user' : 'bad_request', status: 400, body: problems };
    }
    const { content, user, source, source_context: sourceContext } = fields;
    const id = this.messages.length + 1;
    const agent = user === undefined ? undefined : Number(user);
    this.messages.push({ id, to, user: agent, content: asText(content), source, sourceContext });
    // The answer to the opening of a conversation names the conversation.
    return {
      result: 'accepted',
      status: opens ? 200 : 201,
      body: { id: opens ? FIRST_CONVERSATION + id : id },
    };
  }
}

const FIRST_CONVERSATION = 5_000;

/** All invalid fields at once, as Django REST Framework reports them. */
function problemsOf(
  { content, user, source }: Record<string, unknown>,
  opens: boolean,
): Record<string, string[]> {
  const agentMissing = user === undefined && opens;
  return {
    ...(asText(content).trim() === '' && {
      content: [content === undefined ? 'This field is required.' : 'This field may not be blank.'],
    }),
    ...(!agentMissing && agentProblem(user)),
    ...(source !== undefined &&
      ![1, 2, 3, 4, 5].includes(Number(source)) && { source: [`"${source}" is not a valid choice.`] }),
  };
}

function agentProblem(user: unknown): Record<string, string[]> {
  if (user === undefined) return { user: ['This field is required.'] };
  if (!Number.isSafeInteger(user)) return { user: ['A valid integer is required.'] };
  return `${user}`.endsWith('0') ? { user: [`Invalid pk "${user}" - object does not exist.`] } : {};
}

function conversationProblem(conversation: unknown): Record<string, string[]> {
  const name = `${conversation ?? ''}`;
  if (name === '') return { conversation: ['This field is required.'] };
  return name.endsWith('0') ? { conversation: [`Invalid pk "${name}" - object does not exist.`] } : {};
}

const notFound = (): Ruling => ({ result: 'unknown_user', status: 404, body: { detail: 'Not found.' } });

const forbidden = (): Ruling => ({
  result: 'forbidden',
  status: 403,
  body: { detail: 'You do not have permission to perform this action.' },
});
