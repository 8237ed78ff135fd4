import { createHash } from 'node:crypto';
import { z } from 'zod';
import { systemClock } from '../../clock.ts';
import { htmlDialect } from '../../content/dialects/html.ts';
import { renderContent } from '../../content/render.ts';
import { quotable } from '../../disclosure.ts';
import type { Outcome } from '../../outcome.ts';
import { boundedRecord } from '../bounded-record.ts';
import { baseUrlField, count, secretField } from '../channel-fields.ts';
import { createHttpClient } from '../http/client.ts';
import { outcomeWithoutAnswer } from '../http/outcome.ts';
import {
  type ClientDeps,
  type CommonChannelSettings,
  ContentError,
  definePlatform,
  type MessageFrom,
  type PlatformClient,
  type SendRequest,
  type SettingsFrom,
} from '../port.ts';
import { type Blame, isAmbiguous, readAnswer, readProbe } from './answer.ts';

/**
 * User.com's conversations: `POST {baseUrl}/message/` writes into one, `POST {baseUrl}/users/{id}/conversations/` opens
 * one with its first message (its API documentation). It offers no way to look up a message that was sent.
 */

const id = z.union([
  z.int().positive(),
  z.string().regex(/^[\w-]{1,64}$/, 'expected letters, digits, _ or -'),
]);
const agent = z.int().positive();
const MAX_CONTEXT = 32;

const messageShape = {
  /** A conversation to write into, or a user to open one with. */
  to: quotable(
    z.union([
      z.strictObject({ conversationId: id.describe('The conversation to write into.') }),
      z.strictObject({ userId: id.describe('The user to open a conversation with.') }),
    ]),
  ),
  /** The id of the agent in whose name the message is written; the channel's when absent. */
  agent: agent.optional(),
  /** The source that User.com shows: 1 chat, 2 e-mail, 3 API (the default), 4 SMS, 5 Slack. */
  source: z.int().min(1).max(5).optional(),
  /** Handed on to User.com, with the message's id added as `herald_id`. */
  sourceContext: boundedRecord(
    MAX_CONTEXT,
    z.string().min(1).max(64),
    z.union([z.string().max(1_000), z.number(), z.boolean()]),
  ).optional(),
};

const channelShape = {
  /** The address of the API: `https://<app>.user.com/api/public`. */
  baseUrl: baseUrlField,
  /** The REST API key of the application. */
  apiKey: secretField,
  /** The id of the agent in whose name messages are written, unless a message names another. */
  agent: count().optional(),
  /** How messages name their recipients. */
  addressing: z.enum(['conversationId', 'userId']).default('userId'),
};

const SOURCE_API = 3;
/** The entry of the source context that holds the message's id. */
const ID_IN_CONTEXT = 'herald_id';

export type UsercomMessage = MessageFrom<typeof messageShape>;
export type UsercomSettings = SettingsFrom<typeof channelShape>;

export const usercom = definePlatform({
  name: 'usercom',
  messageShape,
  channelShape,
  sender: ['agent'],
  announced: ['agent'],
  defaults: { eligibility: false, quota: false },
  // Neither an idempotency key nor a way to read a message back is documented.
  resolution: 'keep',
  // A key speaks for one application. Hashed, because the account's name is compared and shown.
  account: ({ apiKey }) => createHash('sha256').update(apiKey).digest('hex').slice(0, 16),
  recipient: ({ to }) =>
    'userId' in to
      ? { addressing: 'userId', key: sameId(to.userId) }
      : { addressing: 'conversationId', key: `conversation ${sameId(to.conversationId)}` },
  dialect: htmlDialect,
  render: (message, settings) => {
    // Only the worker has the channel's settings and knows whether it has an agent. Opening a conversation
    // needs none.
    if (
      'conversationId' in message.to &&
      settings &&
      message.agent === undefined &&
      settings.agent === undefined
    ) {
      throw new ContentError('agent', 'is missing, and the channel has none');
    }
    return renderContent(message, htmlDialect);
  },
  connect,
});

function connect(
  settings: UsercomSettings & CommonChannelSettings,
  deps: ClientDeps,
): PlatformClient<UsercomMessage> {
  const http = createHttpClient(settings, deps.dispatcher);
  const clock = deps.clock ?? systemClock;
  const secrets = [settings.apiKey];
  const credentials = ['authorization', `Token ${settings.apiKey}`, 'user-agent', 'herald'];
  const headers = [...credentials, 'accept', '*/*; version=2', 'content-type', 'application/json'];

  async function findBlame(status: number, message: UsercomMessage, signal: AbortSignal): Promise<Blame> {
    const own = message.agent !== undefined;
    if (own && status === 400) return 'message';
    const user = own ? undefined : settings.agent;
    const body = JSON.stringify({ user });
    const result = await http.request({ method: 'POST', path: '/message/', headers, body, signal });
    return readProbe(result, status === 400 || user !== undefined);
  }

  return {
    send: async (request: SendRequest<UsercomMessage>): Promise<Outcome> => {
      const { message, content, signal } = request;
      const body = encode(request, settings.agent);
      const result = await http.request({ method: 'POST', path: pathTo(message), headers, body, signal });
      if (result.kind !== 'answered') return outcomeWithoutAnswer(result);
      const blames = isAmbiguous(result) ? await findBlame(result.status, message, signal) : 'nobody';
      return readAnswer(result, { now: clock.now(), unspeakable: { secrets, content }, blames });
    },
    close: () => http.close(),
  };
}

/** A number is the same one however it is written. */
const sameId = (id: number | string): string => String(id).replace(/^0+(?=\d+$)/, '');

/** The slash at the end is required. */
const pathTo = ({ to }: UsercomMessage): string =>
  'userId' in to ? `/users/${to.userId}/conversations/` : '/message/';

/** `user` is the agent who writes, not the recipient. */
function encode({ message, content, id }: SendRequest<UsercomMessage>, channelAgent?: number): string {
  const { to, agent = channelAgent, source = SOURCE_API, sourceContext } = message;
  return JSON.stringify({
    ...('conversationId' in to && { conversation: to.conversationId }),
    content,
    user: agent,
    source,
    source_context: { ...sourceContext, [ID_IN_CONTEXT]: id },
  });
}
