import type { FastifyInstance, FastifyRequest } from 'fastify';
import { asFields, asText } from './fields.ts';
import type { Ruling, Stage } from './stage.ts';

export interface DiscourseOptions {
  /** `username:key`. Default `['herald:sandbox-key']`. */
  credentials?: readonly string[];
  /** Whether the site wants to read messages before they are delivered. Default false. */
  review?: boolean;
}

export interface DiscourseTopic {
  id: number;
  title: string;
  /** As they came, in lower case. */
  recipients: string[];
  externalId: string;
  posts: { id: number; raw: string }[];
  archived: boolean;
}

/** How long the same post gets the first one's answer again. */
const MEMO_MS = 120_000;

/**
 * Discourse's personal messages by its source (posts_controller, topics_controller): one external id a topic, whatever
 * the case; the same post within two minutes is answered as before; a topic without an archetype needs a category.
 * Names that end in 0 are unknown.
 */
export class DiscourseSandbox {
  readonly topics = new Map<number, DiscourseTopic>();
  /** What waits for a moderator. */
  readonly queued: string[] = [];
  review: boolean;
  #credentials: ReadonlySet<string>;
  #memo = new Map<string, { at: number; ruling: Ruling }>();
  #posts = 0;

  constructor(options: DiscourseOptions = {}) {
    this.#credentials = new Set(options.credentials ?? ['herald:sandbox-key']);
    this.review = options.review ?? false;
  }

  setCredentials(...credentials: string[]): void {
    this.#credentials = new Set(credentials);
  }

  /** Serves below the prefix it is registered with. */
  routes(app: FastifyInstance, stage: Stage): void {
    app.post('/posts.json', (request, reply) => {
      const fields = asFields(request.body);
      const call = { platform: 'discourse', recipient: recipientOf(fields), content: asText(fields['raw']) };
      return stage.play(
        reply,
        call,
        () => this.#refusedKey(request) ?? this.#remembered(fields, stage.clock.now()),
      );
    });
    app.get('/t/external_id/:id.json', (request, reply) =>
      stage.answer(reply, 'discourse', () => {
        const id = asText(asFields(request.params)['id']).toLowerCase();
        const topic = [...this.topics.values()].find(({ externalId }) => externalId === id);
        if (this.#refusedKey(request) || !topic) return this.#refusedKey(request) ?? notFound();
        const location = `${request.protocol}://${request.host}/discourse/t/a-message/${topic.id}.json`;
        return { result: 'found', status: 301, headers: { location }, body: '' };
      }),
    );
    app.put('/t/:id/archive-message.json', (request, reply) =>
      stage.answer(reply, 'discourse', () => {
        const topic = this.topics.get(Number(asFields(request.params)['id']));
        if (this.#refusedKey(request) || !topic) return this.#refusedKey(request) ?? notFound();
        topic.archived = true;
        return { result: 'archived', status: 200, body: { group_name: null } };
      }),
    );
  }

  #refusedKey({ headers }: FastifyRequest): Ruling | undefined {
    if (this.#credentials.has(`${headers['api-username']}:${headers['api-key']}`)) return undefined;
    const errors = [
      'You are not permitted to view the requested resource. The API username or key is invalid.',
    ];
    return { result: 'bad_credentials', status: 403, body: { errors, error_type: 'invalid_access' } };
  }

  #remembered(fields: Record<string, unknown>, now: number): Ruling {
    const key = JSON.stringify(Object.entries(fields).toSorted());
    const before = this.#memo.get(key);
    if (before && now < before.at + MEMO_MS) return { ...before.ruling, result: 'repeated' };
    const ruling = this.#judge(fields);
    this.#memo.set(key, { at: now, ruling });
    return ruling;
  }

  #judge(fields: Record<string, unknown>): Ruling {
    const raw = asText(fields['raw']);
    const problem = lengthProblem('Body', raw, 10, 32_000);
    const topic = this.topics.get(Number(fields['topic_id']));
    if (fields['topic_id'] !== undefined) {
      if (!topic) return notFound();
      return problem ?? this.#accept(topic, raw);
    }
    return problem ?? this.#newTopic(fields, raw);
  }

  #newTopic(fields: Record<string, unknown>, raw: string): Ruling {
    if (fields['archetype'] !== 'private_message') return refusal("Category can't be blank");
    const title = asText(fields['title']);
    const problem = lengthProblem('Title', title, 2, 255);
    if (problem) return problem;
    const recipients = recipientOf(fields).split(',').filter(Boolean);
    if (recipients.length === 0) return refusal('You must select a valid user.');
    if (recipients.some((name) => name.endsWith('0')))
      return { ...refusal('You must select a valid user.'), result: 'unknown_user' };
    const externalId = asText(fields['external_id']).toLowerCase();
    if (!/^[\w-]{0,50}$/.test(externalId)) return refusal('External is invalid');
    const taken = [...this.topics.values()].some((topic) => topic.externalId === externalId);
    if (externalId !== '' && taken)
      return { ...refusal('External has already been taken'), result: 'external_id_taken' };
    if (this.review) {
      this.queued.push(raw);
      return { result: 'accepted', status: 200, body: { success: true, action: 'enqueued' } };
    }
    const id = this.topics.size + 1;
    const topic: DiscourseTopic = { id, title, recipients, externalId, posts: [], archived: false };
    this.topics.set(id, topic);
    return this.#accept(topic, raw);
  }

  #accept(topic: DiscourseTopic, raw: string): Ruling {
    this.#posts += 1;
    topic.posts.push({ id: 1_000_000 + this.#posts, raw });
    const body = { id: 1_000_000 + this.#posts, topic_id: topic.id, post_number: topic.posts.length };
    return { result: 'accepted', status: 200, body };
  }
}

/** The topic's number stands for those who take part in it. */
function recipientOf(fields: Record<string, unknown>): string {
  if (fields['topic_id'] !== undefined) return `topic ${fields['topic_id']}`;
  return asText(fields['target_recipients']).toLowerCase();
}

function lengthProblem(what: string, text: string, min: number, max: number): Ruling | undefined {
  const length = [...text.trim()].length;
  if (length < min) return refusal(`${what} is too short (minimum is ${min} characters)`);
  return length > max ? refusal(`${what} is too long (maximum is ${max} characters)`) : undefined;
}

const refusal = (text: string): Ruling => ({
  result: 'bad_request',
  status: 422,
  body: { action: 'create_post', errors: [text] },
});

const notFound = (): Ruling => ({
  result: 'not_found',
  status: 404,
  body: { errors: ['The requested URL or resource could not be found.'], error_type: 'not_found' },
});
