import { createHash } from 'node:crypto';
import { z } from 'zod';
import { systemClock } from '../../clock.ts';
import { kongregateDialect } from '../../content/dialects/kongregate.ts';
import { checkContent, renderContent } from '../../content/render.ts';
import { quotable } from '../../disclosure.ts';
import type { Outcome } from '../../outcome.ts';
import { baseUrlField, secretField } from '../channel-fields.ts';
import { createHttpClient } from '../http/client.ts';
import { outcomeWithoutAnswer } from '../http/outcome.ts';
import {
  type ClientDeps,
  type CommonChannelSettings,
  definePlatform,
  type MessageFrom,
  type PlatformClient,
  type SendRequest,
  type SettingsFrom,
} from '../port.ts';
import { readAnswer } from './answer.ts';

/** Kongregate's private_message: `POST {baseUrl}/private_message.json` with a JSON body (its API documentation). */

const messageShape = {
  /** The player, by the kind of name that the channel's `addressing` says. */
  to: quotable(
    z.union([
      z.strictObject({ userId: z.int().positive().describe('The number of the player.') }),
      z.strictObject({
        username: z
          .string()
          .regex(/^[A-Za-z0-9_]{1,16}$/, 'expected 1 to 16 letters, digits or _')
          .describe('The name of the player.'),
      }),
    ]),
  ),
  /** An image shown beside the message: an https URL. */
  imageUrl: z
    .url({ protocol: /^https$/, error: 'expected an https URL' })
    .max(2_000)
    .optional(),
};

const channelShape = {
  /** The game's API key. */
  apiKey: secretField,
  /** The address of the API. */
  baseUrl: baseUrlField.default('https://api.kongregate.com/api'),
  /** How messages name their players: one kind a channel, or a player could get two messages a day. */
  addressing: z.enum(['userId', 'username']).default('userId'),
  /** Words by which the refusal of a second message a day is recognised: Kongregate does not document its wording. */
  quotaRefusals: z.array(z.string().min(1)).default(['per day', 'once a day', 'already', 'daily']),
};

export type KongregateMessage = MessageFrom<typeof messageShape>;
export type KongregateSettings = SettingsFrom<typeof channelShape>;

export const kongregate = definePlatform({
  name: 'kongregate',
  messageShape,
  channelShape,
  // No limit is documented; a game that is loud loses the feature.
  defaults: { eligibility: true, quota: true, rate: { max: 10, perMs: 1_000 } },
  // The platform takes one message a player and day, so its refusal of a second one proves the first.
  resolution: 'presume',
  // A key speaks for one game. Hashed, because the account's name is compared and shown.
  account: (settings) => createHash('sha256').update(settings.apiKey).digest('hex').slice(0, 16),
  recipient: ({ to }) =>
    'userId' in to
      ? { addressing: 'userId', key: `${to.userId}` }
      : { addressing: 'username', key: `@${to.username.toLowerCase()}` },
  dialect: kongregateDialect,
  render: (message) => renderContent(message, kongregateDialect),
  check: (message) => checkContent(message, kongregateDialect),
  connect,
});

function connect(
  settings: KongregateSettings & CommonChannelSettings,
  deps: ClientDeps,
): PlatformClient<KongregateMessage> {
  const http = createHttpClient(settings, deps.dispatcher);
  const clock = deps.clock ?? systemClock;
  const secrets = [settings.apiKey];
  const headers = ['content-type', 'application/json', 'accept', 'application/json', 'user-agent', 'herald'];
  return {
    send({ message, content, signal }: SendRequest<KongregateMessage>): Promise<Outcome> {
      const body = encode(settings.apiKey, message, content);
      const request = { method: 'POST', path: '/private_message.json', headers, body, signal } as const;
      return http.request(request).then((result) => {
        if (result.kind !== 'answered') return outcomeWithoutAnswer(result);
        const { quotaRefusals } = settings;
        return readAnswer(result, { now: clock.now(), quotaRefusals, unspeakable: { secrets, content } });
      });
    },
    close: () => http.close(),
  };
}

/** `user_id` or `username`, never both; an absent `image_url` is left out by JSON itself. */
function encode(apiKey: string, { to, imageUrl }: KongregateMessage, content: string): string {
  return 'userId' in to
    ? JSON.stringify({ api_key: apiKey, user_id: to.userId, content, image_url: imageUrl })
    : JSON.stringify({ api_key: apiKey, username: to.username, content, image_url: imageUrl });
}
