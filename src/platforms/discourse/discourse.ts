import { discourseDialect } from '../../content/dialects/discourse.ts';
import { definePlatform } from '../port.ts';
import { DiscourseClient } from './client.ts';
import { messageShape, recipientOf, renderBody } from './message.ts';
import { channelShape, unquotable } from './settings.ts';

/** Discourse's personal messages: `POST {baseUrl}/posts.json` with a JSON body (its API documentation and source). */
export const discourse = definePlatform({
  name: 'discourse',
  messageShape,
  channelShape,
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
});
