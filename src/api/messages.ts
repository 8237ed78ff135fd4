import { z } from 'zod';
import type { Producer } from '../producer/producer.ts';
import { parseJson } from './body.ts';
import { channelOfMessage, checkChannel, splitByAccess } from './channel-access.ts';
import {
  type FingerprintStore,
  type IdempotentBody,
  idempotencyKeyOf,
  idempotentBody,
  type KeyedText,
} from './idempotency.ts';
import {
  type JsonLine,
  type LineResult,
  lineStream,
  oneOrLines,
  refused,
  type TakeLines,
} from './line-stream.ts';
import { problem, problemBody } from './problem.ts';
import { type Answer, type ApiRequest, defineRoute, JSON_TYPE, NDJSON_TYPE, type Route } from './route.ts';

/** Messages over HTTP: what a producer's `send` and `sendMany` do. */

export interface MessageParts {
  producer: Producer<unknown>;
  fingerprints: FingerprintStore;
}

const STATUS = z
  .enum(['queued', 'duplicate'])
  .describe(
    '`queued`: taken by this request. `duplicate`: a message of this id was taken before, and nothing was changed.',
  );

const taken = z.object({
  status: STATUS,
  id: z.string().describe("The message's own id, or the one that was made up."),
});

export const sendRoute = (parts: MessageParts): Route =>
  defineRoute({
    method: 'post',
    path: '/v1/messages',
    operationId: 'sendMessages',
    summary: 'Enqueue a message, or a stream of them',
    description:
      'JSON is one message. NDJSON is a message a line, of which there may be any number: each is answered by a line once Redis has it, and a line that is refused does not keep the others. The last line of the answer sums up. Where the connection breaks, send again, with ids of your own from the first line that was not answered, or everything under the same Idempotency-Key: what was taken is a duplicate then. Read the answer while you send, or ask for the refused lines alone by `Prefer: return=minimal`.',
    scope: 'send',
    headers: [IDEMPOTENCY_KEY, PREFER],
    body: {
      [JSON_TYPE]: { schema: { component: 'Message' } },
      [NDJSON_TYPE]: { schema: { component: 'Message' } },
    },
    answers: {
      202: { description: 'Taken: Redis has it.', content: { [JSON_TYPE]: { schema: taken } } },
      200: {
        description: 'One message: it was taken before. A stream: a line for each line, and the summary.',
        content: oneOrLines(taken),
      },
    },
    problems: ['invalid', 'unknown_channel', 'idempotency_key_reused', 'too_large', 'request_timeout'],
    async handle(request) {
      const key = idempotencyKeyOf(request.header('idempotency-key'));
      const body = key === undefined ? undefined : idempotentBody(request.access, key, parts.fingerprints);
      return request.media === NDJSON_TYPE
        ? lineStream(request, takeMessages(request, body, parts), { whole: body !== undefined })
        : await sendOne(request, body, parts);
    },
  });

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  description:
    'Names the request: sent again with the same body, what it took is a duplicate; a stream is sent again from its first line. Messages without an id get theirs of it. The same key with another body is refused for a day.',
  schema: z.string().min(1).max(255),
};

const PREFER = {
  name: 'Prefer',
  description:
    '`return=minimal`: of a stream, only the lines that were refused are answered, and the summary.',
  schema: z.string(),
};

async function sendOne(
  { access, text }: ApiRequest,
  body: IdempotentBody | undefined,
  { producer }: MessageParts,
): Promise<Answer> {
  const keyed = { index: 0, text: await text() };
  const message = parseJson(keyed.text);
  checkChannel(access, channelOfMessage(message));
  const recalled = await body?.recall([keyed]);
  if (recalled?.reused.has(keyed)) throw problem('idempotency_key_reused', REUSED);
  const { status, id } = await producer.send(withId(message, keyed, body));
  await recalled?.remember([keyed]);
  return { status: status === 'queued' ? 202 : 200, body: { status, id } };
}

const REUSED = 'another body was taken under this key: choose another one';

function withId(message: unknown, keyed: KeyedText, body: IdempotentBody | undefined): unknown {
  const isObject = typeof message === 'object' && message !== null && !Array.isArray(message);
  return body && isObject && !('id' in message) ? { ...message, id: body.idOf(keyed) } : message;
}

const takeMessages =
  (
    { access, problemOf }: Pick<ApiRequest, 'access' | 'problemOf'>,
    body: IdempotentBody | undefined,
    { producer }: MessageParts,
  ): TakeLines =>
  async (lines) => {
    const { allowed, forbidden } = splitByAccess(lines, access, {
      channelOf: channelOfMessage,
      noun: 'message',
    });
    const results: LineResult[] = [...forbidden];
    const recalled = await body?.recall(allowed);
    const sent = allowed.filter((line) => !recalled?.reused.has(line));
    for (const { line } of recalled?.reused ?? [])
      results.push(refused(line, problemBody('idempotency_key_reused', REUSED)));
    const done: JsonLine[] = [];
    try {
      await producer.sendMany(
        sent.map((line) => withId(line.value, line, body)),
        {
          onResult({ index, status, id }) {
            done.push(sent[index]!);
            results.push({ line: sent[index]!.line, status, id });
          },
          onInvalid: ({ index, error }) => results.push(refused(sent[index]!.line, problemOf(error).body)),
        },
      );
      await recalled?.remember(done);
      return { results };
    } catch (error) {
      return { results, stopped: problemOf(error) };
    }
  };
