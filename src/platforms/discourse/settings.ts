import { z } from 'zod';
import { baseUrlField, count, flag, headerField, secretField } from '../channel-fields.ts';
import type { SettingsFrom } from '../port.ts';
import { LIMITS } from './message.ts';

const wordings = (...standard: string[]) => z.array(z.string().min(1)).default(standard);

/** What herald.yaml says of a Discourse channel. */
export const channelShape = {
  /** The site's address, such as `https://forum.example.com`. */
  baseUrl: baseUrlField,
  /** An API key for `apiUsername`, or for all users. */
  apiKey: secretField,
  /** The user in whose name messages are written. */
  apiUsername: headerField.max(60),
  /** How messages name their recipients; `mixed` (usernames and groups) cannot be combined with a quota. */
  addressing: z.enum(['usernames', 'groups', 'topicId', 'mixed']).default('usernames'),
  /** Accepts e-mail addresses in `usernames`; the site may create staged users for them. */
  allowEmail: flag().default(false),
  /** The site's shortest title of a personal message, in characters. */
  titleMin: count().default(LIMITS.titleMin),
  /** The site's longest title, in characters. */
  titleMax: count().default(LIMITS.titleMax),
  /** The site's shortest body of a personal message, in characters. */
  bodyMin: count().default(LIMITS.bodyMin),
  /** The site's longest body, in characters. */
  bodyMax: count().default(LIMITS.bodyMax),
  /** The site's setting `max_allowed_message_recipients`: people in one message; groups do not count. */
  maxRecipients: count().default(LIMITS.maxRecipients),
  /** The site's setting `unique_posts_mins`: for this many minutes it refuses a text that the account posted before. */
  uniquePostsMins: count().default(5),
  /** How the site, in the account's language, words the refusal of a text posted within `uniquePostsMins`. */
  similarRefusals: wordings('too similar to what you recently posted'),
  /** How the site words the refusal of an account that may not send messages, or not to this recipient. */
  senderRefusals: wordings('cannot send a personal message', 'suspended users', 'silenced'),
};

export type DiscourseSettings = SettingsFrom<typeof channelShape>;

/** Why a channel of these settings cannot have a quota: two names of one person would be two recipients. */
export function unquotable({ addressing, allowEmail }: DiscourseSettings) {
  const twice = 'and so give them two messages in a window: set quota: false or';
  if (allowEmail) {
    const message = `allows a recipient to be named by username and by e-mail address, ${twice} allowEmail: false`;
    return { field: 'allowEmail', message };
  }
  if (addressing !== 'mixed') return undefined;
  const message = `mixed allows a recipient to be named directly and through a group, ${twice} addressing: usernames`;
  return { field: 'addressing', message };
}
