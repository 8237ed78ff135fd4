import type { FastifyInstance, FastifyRequest } from 'fastify';
import { asFields, asText } from './fields.ts';
import type { Ruling, Stage } from './stage.ts';

export interface UsercomOptions {
  /** The keys that are good. Default `['sandbox-key']`. */
  apiKeys?: readonly string[];
}

export interface UsercomMessageRecord {
  id: number;
  /** `conversation 5`, or the user whose new conversation it opens. */
  to: string;
  /** The agent. */
  user: number;
  content: string;
  source: unknown;
  sourceContext: unknown;
}

/**
 * User.com's conversation messages by its API documentation, and by Django REST Framework's habits where that is silent:
 * 401 for a bad token, 404 for an unknown user, 400 by field. Users and conversations that end in 0 are unknown.
 */
export class UsercomSandbox {
  readonly messages: UsercomMessageRecord[] = [];
  #apiKeys: ReadonlySet<string>;

  constructor(options: UsercomOptions = {}) {
    this.#apiKeys = new Set(options.apiKeys ?? ['sandbox-key']);
  }

  setApiKeys(...keys: string[]): void {
    this.#apiKeys = new Set(keys);
  }

  /** Serves below the prefix it is registered with. */
  routes(app: FastifyInstance, stage: Stage): void {
    app.post('/api/public/message/', (request, reply) => {
      const fields = asFields(request.body);
      const name = `${fields['conversation'] ?? ''}`;
      const call = {
        platform: 'usercom',
        recipient: `conversation ${name}`,
        content: asText(fields['content']),
      };
      return stage.play(
        reply,
        call,
        () => this.#refusedKey(request) ?? badConversation(name) ?? this.#judge(fields, call.recipient),
      );
    });
    app.post('/api/public/users/:id/conversations/', (request, reply) => {
      const fields = asFields(request.body);
      const recipient = asText(asFields(request.params)['id']);
      const call = { platform: 'usercom', recipient, content: asText(fields['content']) };
      const unknown = recipient.endsWith('0') ? notFound() : undefined;
      return stage.play(
        reply,
        call,
        () => this.#refusedKey(request) ?? unknown ?? this.#judge(fields, recipient),
      );
    });
  }

  #refusedKey({ headers }: FastifyRequest): Ruling | undefined {
    const key = (headers.authorization ?? '').replace(/^Token /, '');
    if (this.#apiKeys.has(key)) return undefined;
    return { result: 'bad_credentials', status: 401, body: { detail: 'Invalid token.' } };
  }

  #judge({ content, user, source, ...rest }: Record<string, unknown>, to: string): Ruling {
    if (asText(content).trim() === '') return badField('content', 'This field may not be blank.');
    if (!Number.isSafeInteger(user)) return badField('user', 'A valid integer is required.');
    if (source !== undefined && ![1, 2, 3, 4, 5].includes(Number(source)))
      return badField('source', `"${source}" is not a valid choice.`);
    const id = this.messages.length + 1;
    const sourceContext = rest['source_context'];
    this.messages.push({ id, to, user: Number(user), content: asText(content), source, sourceContext });
    return { result: 'accepted', status: 201, body: { id } };
  }
}

function badConversation(name: string): Ruling | undefined {
  if (name === '') return badField('conversation', 'This field is required.');
  if (!name.endsWith('0')) return undefined;
  const text = `Invalid pk "${name}" - object does not exist.`;
  return { ...badField('conversation', text), result: 'unknown_user' };
}

const badField = (field: string, text: string): Ruling => ({
  result: 'bad_request',
  status: 400,
  body: { [field]: [text] },
});

const notFound = (): Ruling => ({ result: 'unknown_user', status: 404, body: { detail: 'Not found.' } });
