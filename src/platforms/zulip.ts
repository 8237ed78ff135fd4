import { z } from 'zod';
import { systemClock } from '../clock.ts';
import { checkLength } from '../content/limits.ts';
import { renderContent } from '../content/render.ts';
import { zulipDialect } from '../content/zulip-dialect.ts';
import type { Outcome } from '../outcome.ts';
import { baseUrlField, count, secretField } from './channel-fields.ts';
import { createHttpClient } from './http.ts';
import { outcomeWithoutAnswer } from './http-outcome.ts';
import type {
  ClientDeps,
  CommonChannelSettings,
  Confirmation,
  ConfirmRequest,
  PlatformClient,
  PlatformDefinition,
  RenderableMessage,
  SendRequest,
} from './port.ts';
import { readAnswer } from './zulip-answer.ts';
import { MAX_SEARCH_BYTES, readSearch, searchPath, stored } from './zulip-search.ts';

/** Zulip's direct messages: `POST {baseUrl}/api/v1/messages`, form-encoded (its documentation of "Send a message"). */

/** More than one make one group conversation, which all get or nobody does. */
const MAX_PEOPLE = 100;

const messageShape = {
  /** `{ userIds }` or `{ emails }`, as the channel's `addressing` says; several people make one group conversation. */
  to: z.union([
    z.strictObject({ userIds: z.array(z.int().positive()).min(1).max(MAX_PEOPLE) }),
    z.strictObject({ emails: z.array(z.email().max(254)).min(1).max(MAX_PEOPLE) }),
  ]),
};

/** What a server takes unless its administrators changed it, in characters; what is longer it cuts without a word. */
const MAX_MESSAGE_LENGTH = 10_000;

const channelShape = {
  /** The organisation's address, such as `https://chat.example.com`. */
  baseUrl: baseUrlField,
  /** The e-mail address of the bot. */
  email: z.email(),
  /** The API key of the bot. */
  apiKey: secretField,
  /** What direct messages are called: `private` for servers before 7.0. */
  type: z.enum(['direct', 'private']).default('direct'),
  /** How people are named: `userIds` (the default) or `emails`. */
  addressing: z.enum(['userIds', 'emails']).default('userIds'),
  /** The longest message that the server takes, in characters; 10,000 when absent. It cuts longer ones without a word. */
  maxMessageLength: count().default(MAX_MESSAGE_LENGTH),
};

type Fields<Shape extends z.ZodRawShape> = z.output<z.ZodObject<Shape>>;
export type ZulipMessage = RenderableMessage & Fields<typeof messageShape>;
export type ZulipSettings = Fields<typeof channelShape>;

export const zulip: PlatformDefinition<ZulipMessage, ZulipSettings> = {
  name: 'zulip',
  messageShape,
  channelShape,
  secrets: ['apiKey'],
  announced: ['maxMessageLength'],
  defaults: { eligibility: false, quota: false },
  resolution: 'confirm',
  claims: true,
  account: ({ email }) => email.toLowerCase(),
  recipient: ({ to }) => {
    const people = 'userIds' in to ? to.userIds : to.emails.map((email) => email.toLowerCase());
    const key = [...new Set(people.map(String))].toSorted().join(',');
    return { addressing: 'userIds' in to ? 'userIds' : 'emails', key };
  },
  render: (message, { maxMessageLength = MAX_MESSAGE_LENGTH } = {}) => {
    const content = stored(renderContent(message, zulipDialect));
    checkLength('content', content, { max: maxMessageLength });
    return content;
  },
  connect,
};

function connect(
  settings: ZulipSettings & CommonChannelSettings,
  deps: ClientDeps,
): PlatformClient<ZulipMessage> {
  const http = createHttpClient(settings, deps.dispatcher);
  const clock = deps.clock ?? systemClock;
  const { email, apiKey, type } = settings;
  const basic = Buffer.from(`${email}:${apiKey}`).toString('base64');
  const secrets = [apiKey, basic];
  const headers = ['authorization', `Basic ${basic}`, 'accept', 'application/json', 'user-agent', 'herald'];
  const formHeaders = [...headers, 'content-type', 'application/x-www-form-urlencoded'];
  return {
    send: async ({ message, content, signal }: SendRequest<ZulipMessage>): Promise<Outcome> => {
      const body = new URLSearchParams({ type, to: JSON.stringify(peopleOf(message)), content }).toString();
      const result = await http.request({
        method: 'POST',
        path: '/api/v1/messages',
        headers: formHeaders,
        body,
        signal,
      });
      if (result.kind !== 'answered') return outcomeWithoutAnswer(result);
      return readAnswer(result, { now: clock.now(), unspeakable: { secrets, content } });
    },
    confirm: async (request: ConfirmRequest<ZulipMessage>): Promise<Confirmation> => {
      const { message, content, attemptedAt, signal } = request;
      const path = searchPath({ people: peopleOf(message), sender: email, old: type === 'private' });
      const maxAnswerBytes = MAX_SEARCH_BYTES;
      const result = await http.request({ method: 'GET', path, headers, maxAnswerBytes, signal });
      return readSearch(result, content, attemptedAt, clock.now());
    },
    close: () => http.close(),
  };
}

const peopleOf = ({ to }: ZulipMessage): (number | string)[] => ('userIds' in to ? to.userIds : to.emails);
