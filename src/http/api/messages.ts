import { z } from 'zod';
import type { Producer } from '../../producer/producer.ts';
import { checkChannel } from './authenticate.ts';
import { defineRoute, JSON_TYPE, type Route } from './route.ts';

/** Messages over HTTP: what a producer's `send` does. */

export interface MessageParts {
  producer: Producer<unknown>;
}

const taken = z.object({
  /** `queued`: taken by this request. `duplicate`: a message of this id was taken before, and nothing was changed. */
  status: z.enum(['queued', 'duplicate']),
  /** The caller's id, or the one that was made up. */
  id: z.string(),
});

/** The channel that a message is for, as far as it can be told before it is checked. */
function channelOf(message: unknown): string | undefined {
  const { channel, platform } = Object(message) as { channel?: unknown; platform?: unknown };
  const name = channel ?? platform;
  return typeof name === 'string' ? name : undefined;
}

export const messageRoutes = ({ producer }: MessageParts): Route[] => [
  defineRoute({
    method: 'post',
    path: '/v1/messages',
    operationId: 'sendMessage',
    summary: 'Enqueue a message',
    scope: 'send',
    body: { [JSON_TYPE]: { schema: { component: 'Message' } } },
    answers: {
      202: { description: 'Taken: Redis has it.', content: { [JSON_TYPE]: { schema: taken } } },
      200: {
        description: 'A message of this id was taken before.',
        content: { [JSON_TYPE]: { schema: taken } },
      },
    },
    problems: ['invalid', 'unknown_channel', 'too_large', 'request_timeout'],
    async handle({ access, json }) {
      const message = await json();
      const channel = channelOf(message);
      if (channel !== undefined) checkChannel(access, channel);
      const { status, id } = await producer.send(message);
      return { status: status === 'queued' ? 202 : 200, body: { status, id } };
    },
  }),
];
