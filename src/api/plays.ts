import { z } from 'zod';
import type { Producer } from '../producer/producer.ts';
import { channelOfPlay, checkChannel, splitByAccess } from './channel-access.ts';
import { type LineResult, lineStream, oneOrLines, refused, type TakeLines } from './line-stream.ts';
import { type ApiRequest, defineRoute, JSON_TYPE, NDJSON_TYPE, type Route } from './route.ts';

/** Plays over HTTP: what a producer's `recordPlay` and `recordPlays` do. */

const play = z.strictObject({
  channel: z.string().describe('The channel whose eligibility check is to know of it.'),
  to: z.looseObject({}).describe('The recipient, as in a message to this channel.'),
  at: z.iso.datetime({ offset: true }).optional().describe('When; now when absent.'),
});

const recorded = z.object({
  status: z.literal('recorded').describe('The play is stored, unless a later one was.'),
});

interface PlayParts {
  producer: Producer<unknown>;
}

export const playRoute = ({ producer }: PlayParts): Route =>
  defineRoute({
    method: 'post',
    path: '/v1/plays',
    operationId: 'recordPlays',
    summary: 'Record a play, or a stream of them',
    description:
      'For the eligibility check. JSON is one play. NDJSON is a play a line, answered as a stream of messages is. An older play never replaces a later one, so all of it may be sent again.',
    scope: 'send',
    body: { [JSON_TYPE]: { schema: play }, [NDJSON_TYPE]: { schema: play } },
    answers: {
      200: {
        description: 'Recorded; of a stream: a line for each line, and the summary.',
        content: oneOrLines(recorded),
      },
    },
    problems: ['invalid', 'unknown_channel', 'forbidden', 'too_large', 'request_timeout'],
    async handle(request) {
      if (request.media === NDJSON_TYPE) return lineStream(request, takePlays(request, producer));
      const given = await request.json();
      checkChannel(request.access, channelOfPlay(given));
      await producer.recordPlay(given as never);
      return { status: 200, body: { status: 'recorded' } };
    },
  });

const takePlays =
  ({ access, problemOf }: ApiRequest, producer: Producer<unknown>): TakeLines =>
  async (lines) => {
    const { allowed, forbidden } = splitByAccess(lines, access, { channelOf: channelOfPlay, noun: 'play' });
    const wrong = new Map<number, LineResult>(forbidden.map((result) => [result.line, result]));
    try {
      await producer.recordPlays(allowed.map(({ value }) => value) as never[], {
        onInvalid({ index, error }) {
          const { line } = allowed[index]!;
          wrong.set(line, refused(line, problemOf(error).body));
        },
      });
      return { results: lines.map(({ line }) => wrong.get(line) ?? { line, status: 'recorded' }) };
    } catch (error) {
      return { results: [], stopped: problemOf(error) };
    }
  };
