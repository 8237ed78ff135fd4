import { z } from 'zod';
import { discourseDialect } from '../../content/dialects/discourse.ts';
import { checkLength } from '../../content/limits.ts';
import { renderContent } from '../../content/render.ts';
import { renderLine } from '../../content/render-line.ts';
import { quotable } from '../../disclosure.ts';
import { ContentError, type MessageFrom, type Recipient } from '../port.ts';

/** A message of Discourse's: whom it goes to, what it may say. */

const name = z
  .string()
  .trim()
  .max(254)
  .regex(/^[^\s,/]+$/, 'expected a name without spaces and commas');
const MAX_PEOPLE = 100;

export const messageShape = {
  /** Users and groups; `{}` for a reply, which goes to everybody in the topic. */
  to: quotable(
    z.strictObject({
      usernames: z.array(name).max(MAX_PEOPLE).optional().describe('The names of users.'),
      groups: z
        .array(name)
        .max(MAX_PEOPLE)
        .optional()
        .describe('The names of groups, all of whose members get it.'),
    }),
  ),
  /** The title of a new message, with placeholders filled in; a reply has none. */
  title: z.string().min(1).max(1_000).optional(),
  /** The topic of an existing message to reply to, in place of a new one. */
  topicId: z.int().positive().optional(),
  /** Archives the message in the sender's own inbox once it is sent; counts as two requests in the channel's rate. */
  archive: z.boolean().optional(),
};

/** What a site takes unless its administrators changed it: characters, and people in one message. */
export const LIMITS = { titleMin: 2, titleMax: 255, bodyMin: 10, bodyMax: 32_000, maxRecipients: 30 };

export type DiscourseMessage = MessageFrom<typeof messageShape>;

export interface MessageRules {
  allowEmail: boolean;
  titleMin: number;
  titleMax: number;
  bodyMin: number;
  bodyMax: number;
  /** The site's setting `max_allowed_message_recipients`; groups do not count. */
  maxRecipients: number;
}

/** As Discourse compares names (User.normalize_username): composed, in lower case. */
const sameName = (name: string): string => name.normalize('NFC').toLowerCase();

/** Each name once, in its first spelling, composed: Discourse finds no other spelling and takes no name twice. */
function distinct(names: readonly string[]): string[] {
  const spelled = new Map<string, string>();
  for (const name of names) {
    if (!spelled.has(sameName(name))) spelled.set(sameName(name), name.normalize('NFC'));
  }
  return [...spelled.values()];
}

export const recipientsOf = ({ to }: DiscourseMessage): string[] =>
  distinct([...(to.usernames ?? []), ...(to.groups ?? [])]);

/** The groups that each site has; names of people and of groups go into one list. */
const BUILT_IN_GROUP = /^(?:admins|moderators|staff|everyone|trust_level_[0-4])$/i;

const addressesGroup = ({ to }: DiscourseMessage): boolean =>
  (to.groups ?? []).length > 0 || (to.usernames ?? []).some((name) => BUILT_IN_GROUP.test(name));

export function recipientOf(message: DiscourseMessage): Recipient {
  const { to, topicId } = message;
  const people = recipientsOf(message).map(sameName);
  if (people.length === 0) return { addressing: 'topicId', key: `topic ${topicId}` };
  const addressing = to.groups?.length ? (to.usernames?.length ? 'mixed' : 'groups') : 'usernames';
  return { addressing, key: people.toSorted().join(',') };
}

/** The body. Throws ContentError also for what else of the message no site, or not this one, would take. */
export function renderBody(message: DiscourseMessage, rules: Partial<MessageRules> = {}): string {
  const { allowEmail = false, bodyMin: min, bodyMax: max, maxRecipients } = { ...LIMITS, ...rules };
  const people = recipientsOf(message);
  if (message.topicId === undefined && people.length === 0) {
    throw new ContentError('to', 'names no recipient: expected usernames, groups, or a topicId to reply to');
  }
  // It goes to whoever is in the topic, and the quota would count it for the people named.
  if (message.topicId !== undefined && people.length > 0)
    throw new ContentError('to', 'must be {} in a reply (topicId): it goes to everybody in the topic');
  // Discourse treats an address as an invitation and creates an account for it.
  if (!allowEmail && people.some((one) => one.includes('@'))) {
    throw new ContentError(
      'to',
      'an e-mail address may create a staged account: set allowEmail on the channel to permit it',
    );
  }
  const count = distinct(message.to.usernames ?? []).length;
  if (count > maxRecipients) {
    throw new ContentError('to', `has ${count} recipients, the platform accepts at most ${maxRecipients}`);
  }
  if (message.archive && addressesGroup(message)) {
    const why = "would also archive it in the inbox of each of the sender's groups";
    throw new ContentError('archive', `${why}: not allowed in a message to groups`);
  }
  checkTitle(message, rules);
  const body = renderContent(message, discourseDialect);
  checkCounted('content', body, { min, max });
  return body;
}

/** The title, its placeholders filled in; undefined for a reply. */
export const renderTitle = ({ title, topicId, data }: DiscourseMessage): string | undefined =>
  title === undefined || topicId !== undefined ? undefined : renderLine('title', title, data);

function checkTitle(message: DiscourseMessage, rules: Partial<MessageRules>): void {
  const { titleMin: min, titleMax: max } = { ...LIMITS, ...rules };
  if (message.topicId !== undefined) {
    if (message.title !== undefined) throw new ContentError('title', 'not allowed in a reply');
    return;
  }
  const title = renderTitle(message);
  if (title === undefined) throw new ContentError('title', 'is missing: only a reply (topicId) may omit it');
  checkCounted('title', title, { min, max });
}

/**
 * At most as many characters as are there, at least as many as are left when what hardly says anything is folded
 * (Discourse's StrippedLengthValidator): an emoji's code, and a row of dots or commas, are one character.
 */
function checkCounted(field: string, text: string, { min, max }: { min: number; max: number }): void {
  checkLength(field, text.trimEnd(), { max });
  const folded = text
    .replace(/<!--(.*?)-->/g, '')
    .replace(/:\w+(?::\w+)?:/g, 'X')
    .replace(/\.{2,}/g, '…')
    .replace(/,{2,}/g, ',');
  checkLength(field, folded.trim(), { min, max: Number.POSITIVE_INFINITY });
}
