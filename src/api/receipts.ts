import { z } from 'zod';
import type { Admin } from '../admin/admin.ts';
import { CHANNEL_NAME } from '../message/fields.ts';
import type { Follow } from '../receipts/follow.ts';
import type { Access } from '../tokens/scopes.ts';
import { checkChannel } from './channel-access.ts';
import { problem } from './problem.ts';
import { unavailable } from './problem-of-error.ts';
import { receiptEvents } from './receipt-events.ts';
import { pollReceipts } from './receipt-poll.ts';
import { fromPosition, MAX_POSITION } from './receipt-position.ts';
import { defineRoute, JSON_TYPE, type Route } from './route.ts';

/** Receipts over HTTP, as server-sent events or by long polling. */

export interface ReceiptParts {
  admin: Pick<Admin, 'channels'>;
  follow: Follow;
  /** How long a connection may be silent, milliseconds. */
  idleMs: number;
}

export const EVENTS_TYPE = 'text/event-stream';

/** Each of them has a connection to Redis of its own. */
const MAX_FOLLOWERS = 200;
const LONGEST_HEARTBEAT_MS = 15_000;

const receipt = z.object({
  channel: z.string().describe('The channel that the message was for.'),
  id: z.string().describe('The id of the message.'),
  run: z.int().describe('1, and one more with each replay.'),
  state: z.enum(['delivered', 'suppressed', 'dead']).describe('The final state of the run.'),
  reason: z.string().describe('Why it ended so: `sent`, `quota`, `exhausted` …, see docs/receipts.md.'),
  at: z.iso.datetime().describe('When it ended, by the clock of Redis.'),
  attempts: z.int().describe('Requests that left for the platform in this run.'),
  platformMessageId: z.string().optional().describe("The platform's id of the message, where it gave one."),
  campaign: z.string().optional().describe('The campaign that the message was of.'),
  meta: z.record(z.string(), z.string()).optional().describe('The `meta` that the message was sent with.'),
  to: z.unknown().optional().describe('The recipient, on a channel with `discloseRecipients`.'),
});

const gap = z.object({
  channel: z.string().describe('The channel whose receipts are missing.'),
  missing: z.int().describe('How many are missing; at least so many where `exact` is false.'),
  exact: z.boolean().describe('Whether no more than these are missing.'),
});

const page = z.object({
  receipts: z.array(receipt).describe('Oldest first within a channel.'),
  gaps: z
    .array(gap)
    .describe('Channels of which receipts before these are missing: their stream was cut, or lost them.'),
  next: z.string().describe('The position after these: the `after` of the next request.'),
});

const query = z.strictObject({
  channel: z
    .string()
    .max(4_000)
    .optional()
    .describe('Channels, with commas between them; all that the token is for when absent.'),
  after: z
    .string()
    .max(MAX_POSITION)
    .optional()
    .describe(
      'Where to begin: a position, `start` for the oldest that are kept, or `now`, which it is when absent.',
    ),
  wait: z.coerce
    .number()
    .min(0)
    .max(60)
    .default(20)
    .describe('How many seconds to wait for the first receipt, where the answer is JSON.'),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(1_000)
    .default(100)
    .describe('The most receipts of an answer that is JSON.'),
});

/** @throws ApiProblem */
async function channelsFor(
  asked: string | undefined,
  access: Access,
  admin: ReceiptParts['admin'],
): Promise<string[]> {
  const known = (await admin.channels.list()).map(({ name }) => name);
  if (asked === undefined) {
    const own = known.filter((name) => access.channels?.includes(name) ?? true);
    if (own.length > 0) return own;
    throw problem('unknown_channel', 'no worker has announced a channel that this token is for');
  }
  const names = [...new Set(asked.split(',').map((name) => name.trim()))];
  for (const name of names) {
    if (!CHANNEL_NAME.test(name)) throw problem('bad_request', 'query: channel: expected names of channels');
    checkChannel(access, name);
    if (!known.includes(name)) throw problem('unknown_channel', `no worker has announced channel "${name}"`);
  }
  return names;
}

/** Aborts with either. Unlike AbortSignal.any, it leaves no listener on the process's signal once `gone`, which every request ends with. */
function firstOf(gone: AbortSignal, draining: AbortSignal): AbortSignal {
  const end = new AbortController();
  const abort = (): void => {
    draining.removeEventListener('abort', abort);
    end.abort();
  };
  draining.addEventListener('abort', abort);
  gone.addEventListener('abort', abort, { once: true });
  if (gone.aborted || draining.aborted) abort();
  return end.signal;
}

const wantsEvents = (accept: string | undefined): boolean => accept?.includes(EVENTS_TYPE) ?? false;

export function receiptRoutes({ admin, follow, idleMs }: ReceiptParts): Route[] {
  const heartbeatMs = Math.min(LONGEST_HEARTBEAT_MS, Math.ceil(idleMs / 3));
  let followers = 0;
  const counted: Follow = async function* (options) {
    followers += 1;
    try {
      yield* follow(options);
    } finally {
      followers -= 1;
    }
  };
  return [
    defineRoute({
      method: 'get',
      path: '/v1/receipts',
      operationId: 'followReceipts',
      summary: 'Follow what becomes of messages',
      description:
        'With `Accept: text/event-stream` the final states of messages as events, until the client leaves; the id of an event is a position, which a browser sends as `Last-Event-ID` when it connects again. Otherwise those behind `after`, waited for where there are none.',
      scope: 'read',
      query,
      headers: [
        {
          name: 'last-event-id',
          description: 'The position to go on from; goes before `after`.',
          schema: z.string(),
        },
      ],
      answers: {
        200: {
          description: 'Receipts, oldest first within a channel; some may come again after a position.',
          content: { [JSON_TYPE]: { schema: page }, [EVENTS_TYPE]: { schema: receipt } },
        },
      },
      problems: ['unknown_channel'],
      async handle({ access, query: { channel, after, wait, limit }, header, stillValid, gone, draining }) {
        const events = wantsEvents(header('accept'));
        const given = (events ? header('last-event-id') : undefined) ?? after;
        const from = fromPosition(given ?? 'now');
        const channels = await channelsFor(channel, access, admin);
        if (followers >= MAX_FOLLOWERS) throw unavailable('too many clients follow receipts');
        const following = { follow: counted, channels, from, signal: firstOf(gone, draining) };
        if (events)
          return {
            status: 200,
            type: EVENTS_TYPE,
            stream: receiptEvents({ ...following, heartbeatMs, stillValid }),
          };
        const waitMs = Math.min(wait * 1000, idleMs / 2);
        return { status: 200, body: await pollReceipts({ ...following, waitMs, limit }) };
      },
    }),
  ];
}
