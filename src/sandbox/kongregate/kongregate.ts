import { Hono } from 'hono';
import type { App } from '../../http/listen.ts';
import { asText, fieldsOf } from '../fields.ts';
import type { RequestHandler, Ruling } from '../request-handler.ts';
import { nameKey, Players } from './players.ts';

const DAY_MS = 86_400_000;

export interface KongregateOptions {
  /** The keys that are good. Default `['sandbox-key']`. */
  apiKeys?: readonly string[];
  /** The length of the platform's day: 86,400,000 when absent. */
  dayMs?: number;
  /**
   * What a day is: `calendar`, laid out from the epoch (days in UTC) and turned `dayOffsetMs` later, or `rolling`, counted
   * from the player's last message. The platform does not document it.
   */
  boundary?: 'calendar' | 'rolling';
  /** 36,000,000 lets days begin at 10:00 UTC. */
  dayOffsetMs?: number;
  /** How a second message a day is refused: the wording is not documented. */
  dailyLimitText?: string;
}

/**
 * Kongregate's private_message by its API documentation: JSON in, HTTP 200 out whatever happens; the recipient must
 * have played within two weeks; one message a player and day. Where the documentation is silent (the wording for an
 * unknown user and for the daily limit, what a day is) a likely rule stands in.
 */
export class KongregateSandbox {
  readonly players = new Players();
  #apiKeys: ReadonlySet<string>;
  /** When each person last got a message. */
  #lastAt = new Map<string, number>();
  readonly #day: Required<Pick<KongregateOptions, 'dayMs' | 'boundary' | 'dayOffsetMs'>>;
  readonly #dailyLimitText: string;

  constructor(options: KongregateOptions = {}) {
    this.#apiKeys = new Set(options.apiKeys ?? ['sandbox-key']);
    const { dayMs = DAY_MS, boundary = 'calendar', dayOffsetMs = 0 } = options;
    this.#day = { dayMs, boundary, dayOffsetMs };
    this.#dailyLimitText = options.dailyLimitText ?? 'Game can only send one PM to a user per day.';
  }

  setApiKeys(...keys: string[]): void {
    this.#apiKeys = new Set(keys);
  }

  /** Forgets the messages of the day; players and keys stay. */
  newDay(): void {
    this.#lastAt.clear();
  }

  /** A sender outside of Herald sends to these people (`32`, or `@name`): their day is spent. */
  sendForeign(at: number, ...recipients: string[]): void {
    for (const recipient of recipients) this.#lastAt.set(this.players.person(recipient), at);
  }

  routes(handler: RequestHandler): App {
    const app: App = new Hono();
    app.onError((error, c) => c.json(errorEnvelope(400, error.message).body as object, 200));
    app.post('/api/private_message.json', async (c) => {
      const fields = await fieldsOf(c);
      const call = {
        platform: 'kongregate',
        recipient: recipientOf(fields),
        content: asText(fields['content']),
      };
      return handler.receive(c, call, () => this.#decide(fields, call.recipient, handler.clock.now()));
    });
    return app;
  }

  #decide(fields: Record<string, unknown>, recipient: string, now: number): Ruling {
    const wrong = this.#wrongCall(fields);
    if (wrong !== undefined) return wrong;
    const person = this.players.person(recipient);
    const state = this.players.state(person);
    if (state === 'unknown') return refusal('unknown_user', 'Unknown user.');
    if (state === 'not_played') {
      return refusal(
        'not_played',
        "Game cannot send a PM to someone who hasn't played the game within 2 weeks.",
      );
    }
    if (this.#sameDay(this.#lastAt.get(person), now)) return refusal('daily_limit', this.#dailyLimitText);
    this.#lastAt.set(person, now);
    return { result: 'accepted', status: 200, body: { success: true } };
  }

  #sameDay(last: number | undefined, now: number): boolean {
    if (last === undefined) return false;
    const { dayMs, boundary, dayOffsetMs } = this.#day;
    if (boundary === 'rolling') return now < last + dayMs;
    const day = (at: number): number => Math.floor((at - dayOffsetMs) / dayMs);
    return day(last) === day(now);
  }

  /** `api_key` and `content` are required, and exactly one of `user_id` and `username`. */
  #wrongCall(fields: Record<string, unknown>): Ruling | undefined {
    if (!this.#apiKeys.has(asText(fields['api_key']))) return errorEnvelope(403, 'Invalid credentials');
    if (asText(fields['content']) === '') return errorEnvelope(400, 'content is required');
    const byId = Number.isSafeInteger(fields['user_id']) && Number(fields['user_id']) > 0;
    const byName = /^[A-Za-z0-9_]{1,16}$/.test(asText(fields['username']));
    if (byId === byName) return errorEnvelope(400, 'exactly one of user_id and username is required');
    return undefined;
  }
}

/** The envelope of this method. */
function refusal(result: string, text: string): Ruling {
  return { result, status: 200, body: { success: false, errors: [text] } };
}

/** The envelope that Kongregate's other methods use, seen with refused credentials. */
function errorEnvelope(error: number, text: string): Ruling {
  const result = error === 403 ? 'bad_credentials' : 'bad_request';
  return { result, status: 200, body: { success: false, error, error_description: text } };
}

function recipientOf(fields: Record<string, unknown>): string {
  const { user_id: userId, username } = fields;
  if (typeof userId === 'number') return `${userId}`;
  return typeof username === 'string' ? nameKey(username) : '';
}
