import { z } from 'zod';
import { discourseDialect } from '../content/discourse-dialect.ts';
import { checkLength } from '../content/limits.ts';
import { renderContent } from '../content/render.ts';
import { renderLine } from '../content/render-line.ts';
import { ContentError, type Recipient, type RenderableMessage } from './port.ts';

/** A message of Discourse's: whom it goes to, what it may say. */

const name = z
  .string()
  .trim()
  .max(254)
  .regex(/^[^\s,/]+$/, 'expected a name without spaces and commas');
const MAX_PEOPLE = 100;

export const messageShape = {
  /** `{ usernames?, groups? }`; for a reply `{}`: it goes to those who take part in the topic. */
  to: z.strictObject({
    usernames: z.array(name).max(MAX_PEOPLE).optional(),
    groups: z.array(name).max(MAX_PEOPLE).optional(),
  }),
  /** Of a new message; a reply has none. Placeholders are filled in. */
  title: z.string().min(1).max(1_000).optional(),
  /** Into an existing message, in place of a new one. */
  topicId: z.int().positive().optional(),
  /** Out of the sender's own inbox once it is sent. */
  archive: z.boolean().optional(),
};

/** What a site takes unless its administrators changed it, in characters. */
export const LIMITS = { titleMin: 2, titleMax: 255, bodyMin: 10, bodyMax: 32_000 };

export type DiscourseMessage = RenderableMessage & z.output<z.ZodObject<typeof messageShape>>;

export interface MessageRules {
  allowEmail: boolean;
  titleMin: number;
  titleMax: number;
  bodyMin: number;
  bodyMax: number;
}

export const recipientsOf = ({ to }: DiscourseMessage): string[] => [
  ...(to.usernames ?? []),
  ...(to.groups ?? []),
];

export function recipientOf(message: DiscourseMessage): Recipient {
  const { to, topicId } = message;
  const people = recipientsOf(message).map((one) => one.toLowerCase());
  if (people.length === 0) return { addressing: 'topicId', key: `topic ${topicId}` };
  const addressing = to.groups?.length ? (to.usernames?.length ? 'mixed' : 'groups') : 'usernames';
  return { addressing, key: [...new Set(people)].toSorted().join(',') };
}

/** The body. Throws ContentError also for what else of the message no site, or not this one, would take. */
export function renderBody(message: DiscourseMessage, rules: Partial<MessageRules> = {}): string {
  const { allowEmail = false, bodyMin: min, bodyMax: max } = { ...LIMITS, ...rules };
  const people = recipientsOf(message);
  if (message.topicId === undefined && people.length === 0) {
    throw new ContentError('to', 'names nobody: usernames, groups, or a topicId to reply to');
  }
  // Discourse takes an address for somebody to be invited, and makes an account for them.
  if (!allowEmail && people.some((one) => one.includes('@'))) {
    throw new ContentError('to', 'an e-mail address makes an account for whoever reads it; see allowEmail');
  }
  checkTitle(message, rules);
  const body = renderContent(message, discourseDialect);
  checkLength('content', body.trim(), { min, max });
  return body;
}

/** The title, its placeholders filled in; undefined for a reply. */
export const renderTitle = ({ title, topicId, data }: DiscourseMessage): string | undefined =>
  title === undefined || topicId !== undefined ? undefined : renderLine('title', title, data);

function checkTitle(message: DiscourseMessage, rules: Partial<MessageRules>): void {
  const { titleMin: min, titleMax: max } = { ...LIMITS, ...rules };
  if (message.topicId !== undefined) {
    if (message.title !== undefined) throw new ContentError('title', 'a reply has none');
    return;
  }
  const title = renderTitle(message);
  if (title === undefined) throw new ContentError('title', 'is missing: only a reply (topicId) goes without');
  checkLength('title', title, { min, max });
}
