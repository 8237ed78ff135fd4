import { z } from 'zod';
import type { Admin } from '../admin/admin.ts';
import { EXPLAINED_PARTS, explanationDocument } from '../admin/explain/explanation-document.ts';
import { unlessNoneCan } from '../admin/message-control.ts';
import { check } from '../message/check.ts';
import { UnknownChannelError } from '../producer/errors.ts';
import { instant } from '../time.ts';
import type { Access } from '../tokens/scopes.ts';
import { checkChannel } from './channel-access.ts';
import { pointedProblems, problem } from './problem.ts';
import { type Answer, defineRoute, JSON_TYPE, type Route } from './route.ts';

/** A message by its id: what became of it, cancel, reschedule. */

const params = z.object({ id: z.string().min(1).max(200).describe('The id of the message.') });
const storyParams = z.object({ id: params.shape.id.describe('The id of the message, or of its job.') });
const query = z.strictObject({
  channel: z.string().max(64).optional().describe('Only this channel; every one of the token when absent.'),
});

const part = z.looseObject({}).nullable();
const PARTS: Readonly<Record<(typeof EXPLAINED_PARTS)[number], string>> = {
  job: 'Its job in the queue; null where it has none.',
  letter: 'Its dead letter, where it has one.',
  message: 'What of the message may be told: channel, priority, instants; never its content.',
  record: 'What the ledger knows of it: its run, attempts, and whether one is in doubt.',
  slot: "The recipient's slot in the present window of the quota, where one is taken.",
  play: 'When the recipient last played, as far as that is known.',
  predicted: 'What a worker would do with it now.',
  stopped: 'Why its channel is stopped, and since when; null where it is not.',
  resting: 'Why its channel rests, and until when; null where it does not.',
};
const story = z.object({
  channel: z.string().describe('The channel that has the message.'),
  id: z.string().describe('The id of the message.'),
  now: z.string().describe('The clock of Redis.'),
  next: z.string().describe('What happens next, in a sentence.'),
  ...Object.fromEntries(EXPLAINED_PARTS.map((name) => [name, part.describe(PARTS[name])])),
  workers: z.int().describe('How many serve the channel.'),
  receipts: z
    .array(
      z.looseObject({
        run: z.int().describe('1, and one more with each replay.'),
        state: z.string().describe('The final state of the run: `delivered`, `suppressed` or `dead`.'),
        reason: z.string().describe('Why it ended so.'),
        at: z.string().describe('When it ended, an ISO instant.'),
      }),
    )
    .describe('Its final states that are kept, oldest first.'),
  receiptsComplete: z.boolean().describe('Whether older receipts were read, too.'),
  timeline: z
    .array(
      z.object({
        at: z.string().describe('When, an ISO instant.'),
        event: z.string().describe('What happened, for programs.'),
        text: z.string().describe('What happens then, and why.'),
      }),
    )
    .describe('What is known of it, in order, and what comes next.'),
});

const stories = z.object({
  messages: z.array(story).describe('One for each channel that has a message of this id.'),
});

const newInstant = z.strictObject({
  sendAt: z.iso
    .datetime({ offset: true })
    .describe('Not before this ISO instant, which has to lie before `expiresAt`.'),
});

const results = (done: string, tooLate = 'it is under way, in doubt, or final') =>
  z.object({
    results: z
      .array(
        z.object({
          channel: z.string().describe('The channel that has the message.'),
          id: z.string().describe('The id of the message.'),
          status: z.enum([done, 'too_late']).describe(`\`too_late\`: ${tooLate}.`),
        }),
      )
      .describe('One for each channel that has a message of this id.'),
  });

const CANNOT =
  'it is under way, in doubt, or final, or it expires before that instant while that of another channel does not';

export const messageRoutes = ({ admin }: { admin: Admin }): Route[] => [
  defineRoute({
    method: 'get',
    path: '/v1/messages/{id}',
    operationId: 'getMessage',
    summary: 'The story of a message',
    description:
      'What is known of a message, from the queue, the ledger and the receipts: what happened when and why, and what happens next. An entry for each channel that has it. The content is not shown.',
    scope: 'read',
    params: storyParams,
    query,
    answers: {
      200: {
        description: 'Its story.',
        content: { [JSON_TYPE]: { schema: stories } },
      },
    },
    problems: ['not_found', 'forbidden', 'unknown_channel'],
    async handle({ access, params: { id }, query: { channel } }) {
      const found = await inChannels(access, channel, (options) => admin.explain(id, options));
      if (found.length === 0) throw unknown(id);
      return { status: 200, body: { messages: found.map((each) => explanationDocument(each, asIs)) } };
    },
  }),
  defineRoute({
    method: 'delete',
    path: '/v1/messages/{id}',
    operationId: 'cancelMessage',
    summary: 'Cancel a message',
    description:
      'It ends suppressed, as cancelled, unless a send of it is under way or it is final. Safe to repeat.',
    scope: 'send',
    params,
    query,
    answers: {
      200: { description: 'Cancelled.', content: { [JSON_TYPE]: { schema: results('cancelled') } } },
    },
    problems: ['not_found', 'conflict', 'forbidden', 'unknown_channel'],
    async handle({ access, params: { id }, query: { channel } }) {
      const acting = admin.as(actorOf(access));
      const found = await inChannels(access, channel, (options) => acting.cancel(id, options));
      return changed(id, found, 'cancelled');
    },
  }),
  defineRoute({
    method: 'patch',
    path: '/v1/messages/{id}',
    operationId: 'rescheduleMessage',
    summary: 'Reschedule a message',
    description:
      'Sets the instant before which it is not sent, earlier or later than before; one that is past stands for at once. Safe to repeat.',
    scope: 'send',
    params,
    query,
    body: { [JSON_TYPE]: { schema: newInstant } },
    answers: {
      200: {
        description: 'Rescheduled.',
        content: { [JSON_TYPE]: { schema: results('rescheduled', CANNOT) } },
      },
    },
    problems: [
      'not_found',
      'conflict',
      'forbidden',
      'unknown_channel',
      'invalid',
      'too_large',
      'request_timeout',
    ],
    async handle({ access, params: { id }, query: { channel }, json }) {
      const checked = check(z.strictObject({ sendAt: instant() }), await json());
      if ('problems' in checked)
        throw problem('invalid', 'expected { "sendAt": … }', { errors: pointedProblems(checked.problems) });
      const { sendAt } = checked.data;
      const acting = admin.as(actorOf(access));
      const found = await unlessNoneCan((orTooLate) =>
        inChannels(access, channel, (options) => {
          const results = acting.reschedule(id, { ...options, sendAt });
          const name = options.channel;
          return name === undefined
            ? results
            : results.catch(orTooLate([{ channel: name, id, status: 'too_late' as const }]));
        }),
      );
      return changed(id, found, 'rescheduled');
    },
  }),
];

/** The actor that a request's operations are recorded as. */
export const actorOf = ({ name }: Access) => ({ via: 'api', name }) as const;

/** Acts in the named channel, or in every one that the token may use. */
export async function inChannels<T>(
  access: Access,
  channel: string | undefined,
  act: (options: { channel?: string }) => Promise<T[]>,
): Promise<T[]> {
  if (channel !== undefined) {
    checkChannel(access, channel);
    return await act({ channel });
  }
  if (access.channels === undefined) return await act({});
  const found = await Promise.all(
    access.channels.map((name) => act({ channel: name }).catch(noneWhereUnknown)),
  );
  return found.flat();
}

/** A token may be limited to a channel that does not exist yet, or no longer. */
function noneWhereUnknown(error: unknown): never[] {
  if (error instanceof UnknownChannelError) return [];
  throw error;
}

const asIs = (name: string): string => name;

const unknown = (id: string) =>
  problem(
    'not_found',
    `no message ${JSON.stringify(id)}: never enqueued, or its final state is more than a day old`,
  );

function changed(id: string, found: readonly { channel: string; status: string }[], done: string): Answer {
  if (found.length === 0) throw unknown(id);
  if (found.some(({ status }) => status === done)) return { status: 200, body: { results: found } };
  throw problem('conflict', `message ${JSON.stringify(id)} is under way, in doubt, or final`);
}
