import { Hono } from 'hono';
import type { App } from '../../http/listen.ts';
import { asText, fieldsOf } from '../fields.ts';
import type { Exchange, RequestHandler, Ruling } from '../request-handler.ts';
import { type Account, type DiscourseAccount, DiscourseAccounts, nameKey } from './accounts.ts';
import { lengthProblem, RequestLimit } from './limits.ts';
import { invalidAccess, notFound, refusal, session, TEXTS } from './rulings.ts';
import { type DiscourseTopic, draft, replyProblem } from './topics.ts';

export interface DiscourseOptions {
  /** `username:key`. Default `['herald:sandbox-key']`. */
  credentials?: readonly string[];
  /** Who these accounts are; an account that is not listed is an administrator. */
  accounts?: readonly DiscourseAccount[];
  /** Names of those who take no messages from members. */
  notAccepting?: readonly string[];
  /** Whether the site wants to read messages before they are delivered. Default false. */
  review?: boolean;
  /** Requests a minute over all keys, `max_admin_api_reqs_per_minute`. Default 60. */
  requestsPerMinute?: number;
  /** How long a member's text is refused again, `unique_posts_mins`. Default 5 minutes. */
  uniquePostsMs?: number;
  /** The most people in a member's message, `max_allowed_message_recipients`. Default 30. */
  maxRecipients?: number;
}

/** How long the same post gets the first one's answer again. */
const MEMO_MS = 120_000;

/**
 * Discourse's personal messages by its source (posts_controller, PostCreator, TopicCreator, PostValidator,
 * topics_controller), in its order: one external id a topic, whatever the case; a topic without an archetype needs a
 * category, a reply with one is refused; the same post within two minutes is answered as before; a member's text is
 * taken once in five minutes, whoever it is for. Names that end in 0 are unknown.
 */
export class DiscourseSandbox {
  readonly topics = new Map<number, DiscourseTopic>();
  readonly accounts = new DiscourseAccounts();
  /** What waits for a moderator. */
  readonly queued: string[] = [];
  review: boolean;
  #credentials: ReadonlySet<string>;
  #memo = new Map<string, { at: number; ruling: Ruling }>();
  /** When each text of each member may be posted again. */
  #recentTexts = new Map<string, number>();
  #posts = 0;
  readonly #notAccepting: ReadonlySet<string>;
  readonly #limit: RequestLimit;
  readonly #uniquePostsMs: number;
  readonly #maxRecipients: number;

  constructor(options: DiscourseOptions = {}) {
    this.#credentials = new Set(options.credentials ?? ['herald:sandbox-key']);
    this.accounts.set(...(options.accounts ?? []));
    this.#notAccepting = new Set((options.notAccepting ?? []).map(nameKey));
    this.review = options.review ?? false;
    this.#limit = new RequestLimit(options.requestsPerMinute ?? 60);
    this.#uniquePostsMs = options.uniquePostsMs ?? 5 * 60_000;
    this.#maxRecipients = options.maxRecipients ?? 30;
  }

  setCredentials(...credentials: string[]): void {
    this.#credentials = new Set(credentials);
  }

  routes(handler: RequestHandler): App {
    const app: App = new Hono();
    app.post('/posts.json', async (c) => {
      const fields = await fieldsOf(c);
      const call = { platform: 'discourse', recipient: recipientOf(fields), content: asText(fields['raw']) };
      const topic = fields['topic_id'] === undefined ? undefined : Number(fields['topic_id']);
      return handler.receive(c, call, () => {
        const now = handler.clock.now();
        return this.#enter(c, now, topic, (account) => this.#remembered(account, fields, now));
      });
    });
    const look = (decide: (exchange: Exchange, by: Account) => Ruling) => (c: Exchange) =>
      handler.answer(c, 'discourse', () =>
        this.#enter(c, handler.clock.now(), Number(c.req.param('id')), (by) => decide(c, by)),
      );
    app.get(
      '/t/external_id/:file{.+\\.json}',
      look((c) => this.#find(c)),
    );
    app.put(
      '/t/:id/archive-message.json',
      look((c, by) => this.#archive(c, by)),
    );
    app.get(
      '/session/current.json',
      look((_, by) => session(by)),
    );
    return app;
  }

  /**
   * The key, then the limit. A narrow key is answered just as a wrong one is where it may not be used
   * (DefaultCurrentUserProvider).
   */
  #enter({ req }: Exchange, now: number, topic: number | undefined, decide: (by: Account) => Ruling): Ruling {
    const username = req.header('api-username') ?? '';
    if (!this.#credentials.has(`${username}:${req.header('api-key')}`)) return invalidAccess();
    const account = this.accounts.of(username);
    if (account.topics && !(topic !== undefined && account.topics.includes(topic))) return invalidAccess();
    return this.#limit.refusal(now) ?? decide(account);
  }

  #find({ req }: Exchange): Ruling {
    const id = (req.param('file') ?? '').replace(/\.json$/, '').toLowerCase();
    const topic = [...this.topics.values()].find(({ externalId }) => externalId === id);
    if (!topic) return notFound();
    const location = `${new URL(req.url).origin}/discourse/t/a-message/${topic.id}.json`;
    return { result: 'found', status: 301, headers: { location }, body: '' };
  }

  /** toggle_archive_message: for every addressed group that the sender belongs to, and for the sender. */
  #archive({ req }: Exchange, by: Account): Ruling {
    const topic = this.topics.get(Number(req.param('id')));
    if (!topic) return notFound();
    const groups = by.groups.map(nameKey).filter((name) => topic.recipients.includes(name));
    topic.archivedGroups = groups;
    topic.archived = true;
    return { result: 'archived', status: 200, body: groups.length > 0 ? { group_name: groups.at(-1) } : '' };
  }

  #remembered(by: Account, fields: Record<string, unknown>, now: number): Ruling {
    const key = JSON.stringify([by.username, ...Object.entries(fields).toSorted()]);
    const before = this.#memo.get(key);
    if (before && now < before.at + MEMO_MS) return { ...before.ruling, result: 'repeated' };
    const ruling = this.#decide(by, fields, now);
    this.#memo.set(key, { at: now, ruling });
    return ruling;
  }

  #decide(by: Account, fields: Record<string, unknown>, now: number): Ruling {
    const isReply = fields['topic_id'] !== undefined;
    const topic = isReply
      ? this.topics.get(Number(fields['topic_id']))
      : draft(this.topics.size + 1, by, fields);
    const problem =
      (isReply
        ? replyProblem(by, fields, topic)
        : this.#newTopicProblem(by, fields, topic as DiscourseTopic)) ??
      this.#bodyProblem(by, asText(fields['raw']), now) ??
      (isReply ? undefined : this.#peopleProblem(by, topic as DiscourseTopic));
    if (problem) return problem;
    return this.#accept(by, topic as DiscourseTopic, asText(fields['raw']), now);
  }

  #newTopicProblem(
    by: Account,
    fields: Record<string, unknown>,
    { title, recipients, externalId }: DiscourseTopic,
  ): Ruling | undefined {
    const people = recipients.filter((name) => !this.accounts.isGroup(name) && !name.includes('@'));
    if (!by.staff && people.length > this.#maxRecipients) return refusal(TEXTS.tooMany(this.#maxRecipients));
    const refusing = by.staff ? [] : people.filter((name) => this.#notAccepting.has(name));
    if (refusing.length > 0) return refusal(...refusing.map(TEXTS.notAccepting));
    if (fields['archetype'] !== 'private_message') return refusal(TEXTS.category);
    const titleProblem = lengthProblem('Title', title, 2, 255);
    if (titleProblem) return refusal(titleProblem);
    if (!/^[\w-]{0,50}$/.test(externalId)) return refusal('External is invalid');
    const taken = [...this.topics.values()].some((topic) => topic.externalId === externalId);
    if (externalId === '' || !taken) return undefined;
    return { ...refusal('External has already been taken'), result: 'external_id_taken' };
  }

  /** PostValidator. */
  #bodyProblem(by: Account, raw: string, now: number): Ruling | undefined {
    const problem = lengthProblem('Body', raw, 10, 32_000);
    if (problem) return refusal(problem);
    const until = this.#recentTexts.get(textKey(by, raw)) ?? 0;
    return !by.staff && now < until ? { ...refusal(TEXTS.similar), result: 'too_similar' } : undefined;
  }

  /** TopicCreator: each name must belong to a user whom the sender may write to, and no two to the same user. */
  #peopleProblem(by: Account, { recipients }: DiscourseTopic): Ruling | undefined {
    if (recipients.length === 0) return refusal(TEXTS.nobody);
    const known = recipients.filter((name) => !name.endsWith('0') && name === nameKey(name));
    const allowed = (name: string) =>
      this.accounts.isGroup(name) ||
      by.staff ||
      (by.mayMessage && (!by.silenced || this.accounts.isStaff(name)));
    if (!known.every(allowed)) return { ...refusal(TEXTS.sender), result: 'sender_refused' };
    if (new Set(known).size === recipients.length) return undefined;
    return { ...refusal(TEXTS.unknown), result: 'unknown_user' };
  }

  #accept(by: Account, topic: DiscourseTopic, raw: string, now: number): Ruling {
    if (this.review) {
      this.queued.push(raw);
      return { result: 'accepted', status: 200, body: { success: true, action: 'enqueued' } };
    }
    this.topics.set(topic.id, topic);
    this.#recentTexts.set(textKey(by, raw), now + this.#uniquePostsMs);
    this.#posts += 1;
    topic.posts.push({ id: 1_000_000 + this.#posts, raw });
    // A post brings a message back into the inboxes.
    topic.archived = false;
    topic.archivedGroups = [];
    const body = { id: 1_000_000 + this.#posts, topic_id: topic.id, post_number: topic.posts.length };
    return { result: 'accepted', status: 200, body };
  }
}

/** The topic's id stands for its participants. */
function recipientOf(fields: Record<string, unknown>): string {
  if (fields['topic_id'] !== undefined) return `topic ${fields['topic_id']}`;
  return asText(fields['target_recipients']).toLowerCase();
}

const textKey = (by: Account, raw: string): string => `${nameKey(by.username)}\n${raw.trimEnd()}`;
