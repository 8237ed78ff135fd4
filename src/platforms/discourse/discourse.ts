import { discourseDialect } from '../../content/dialects/discourse.ts';
import { fieldsMarked } from '../../disclosure.ts';
import type { PlatformDefinition } from '../port.ts';
import { DiscourseClient } from './client.ts';
import { type DiscourseMessage, messageShape, recipientOf, renderBody } from './message.ts';
import { channelShape, type DiscourseSettings, unquotable } from './settings.ts';

/** Discourse's personal messages: `POST {baseUrl}/posts.json` with a JSON body (its API documentation and source). */
export const discourse: PlatformDefinition<DiscourseMessage, DiscourseSettings> = {
  name: 'discourse',
  messageShape,
  channelShape,
  secrets: fieldsMarked(channelShape, 'secret'),
  announced: ['allowEmail', 'titleMin', 'titleMax', 'bodyMin', 'bodyMax', 'maxRecipients'],
  defaults: { eligibility: false, quota: false },
  resolution: 'confirm',
  account: ({ apiUsername }) => apiUsername.toLowerCase(),
  recipient: recipientOf,
  unquotable,
  requests: ({ archive }) => (archive ? 2 : 1),
  dialect: discourseDialect,
  render: renderBody,
  connect: (settings, deps) => new DiscourseClient(settings, deps),
};
