import { parseObject } from '../http/json-object.ts';
import { restOf } from '../http/outcome.ts';
import type { HttpAnswer, HttpResult } from '../http/result.ts';
import { longest, restMs as restMsOf } from '../http/retry-after.ts';
import type { Candidate, Confirmation } from '../port.ts';

/**
 * Whether a message arrived is learned from the conversation: `GET /api/v1/messages`, the latest of the bot's own, and
 * their source compared with what was sent (Zulip's documentation of "Get messages").
 */

/** More than a bot sends to one person within the time in question. */
const LATEST = 100;
/** Room for the longest messages, at four bytes a character, with all their metadata. */
export const MAX_SEARCH_BYTES = 8 * 1024 * 1024;

export interface Conversation {
  /** User ids, or addresses. */
  people: readonly (number | string)[];
  /** The bot's address. */
  sender: string;
  /** Of servers before 7.0: they call direct messages private. */
  old: boolean;
}

/** The path of the question, query included. */
export function searchPath({ people, sender, old }: Conversation): string {
  const operand = typeof people[0] === 'string' ? people.join(',') : people;
  const narrow = [
    { operator: old ? 'pm-with' : 'dm', operand },
    { operator: 'sender', operand: sender },
  ];
  const query = new URLSearchParams({
    anchor: 'newest',
    num_before: `${LATEST}`,
    num_after: '0',
    apply_markdown: 'false',
    narrow: JSON.stringify(narrow),
  });
  return `/api/v1/messages?${query}`;
}

/**
 * @param content as it was sent
 * @param since earlier messages cannot be the one in question; milliseconds since the epoch
 * @param now by the same clock as `since`
 */
export function readSearch(result: HttpResult, content: string, since: number, now: number): Confirmation {
  if (result.kind !== 'answered') return { kind: 'unsure', detail: `no answer: ${result.detail}` };
  const { status } = result;
  const body = parseObject(result.text);
  const messages = status === 200 && body?.['result'] === 'success' ? body['messages'] : undefined;
  if (!Array.isArray(messages)) {
    const inBody = status === 429 ? body?.['retry-after'] : undefined;
    const restMs = longest([restOf(result, now), restMsOf(inBody, now)]);
    return { kind: 'unsure', detail: `expected messages, got HTTP ${status}`, restMs };
  }
  const ahead = serverAheadMs(result, now);
  const found = messages.flatMap((message) => readMessage(message, ahead) ?? []);
  const sent = stored(content);
  const alike = found.filter((message) => stored(message.content) === sent);
  if (alike.length === 0 && !reachesBack(found, body, since)) {
    return { kind: 'unsure', detail: `the latest ${LATEST} messages do not reach back far enough` };
  }
  return alike.length === 0
    ? { kind: 'not_found' }
    : { kind: 'candidates', messages: alike.map(toCandidate) };
}

interface Found extends Candidate {
  content: string;
}

const toCandidate = ({ platformMessageId, at }: Found): Candidate => ({ platformMessageId, at });

function readMessage(message: unknown, aheadMs: number): Found | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  const { id, timestamp, content } = message as Record<string, unknown>;
  if (!Number.isSafeInteger(id) || typeof timestamp !== 'number' || typeof content !== 'string')
    return undefined;
  return { platformMessageId: `${id}`, at: timestamp * 1000 - aheadMs, content };
}

/** How far the platform's clock is ahead of ours, to a second; 0 where it does not say. */
function serverAheadMs({ headers }: HttpAnswer, now: number): number {
  const serverNow = Date.parse(headers.date ?? '');
  return Number.isNaN(serverNow) ? 0 : serverNow - now;
}

/** What Zulip keeps of a content: it takes white space off the end, and empty lines off the beginning. */
export function stored(content: string): string {
  let end = content.length;
  // Not by a pattern: it would try each space of a long run again, and an answer may hold megabytes of them.
  while (end > 0 && SPACE.test(content.charAt(end - 1))) end -= 1;
  return content.slice(0, end).replace(/^\n+/, '');
}

/** What Python and JavaScript take for white space, together. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: Python strips the separators among them
const SPACE = /[\s\u001c-\u001f\u0085]/;

/** The page holds all there is, or begins before the time in question. */
function reachesBack(
  found: readonly Found[],
  body: Record<string, unknown> | undefined,
  since: number,
): boolean {
  if (body?.['found_oldest'] === true || found.length < LATEST) return true;
  return found.some(({ at }) => at < since);
}
