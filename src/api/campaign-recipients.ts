import { z } from 'zod';
import type { CampaignOverview } from '../admin/campaigns/campaigns.ts';
import { type CampaignParts, CHANNEL, DRY_RUN, findOne, params } from './campaign-request.ts';
import { iso } from './campaign-view.ts';
import { recipientAnswer, recipientStream } from './recipient-stream.ts';
import { defineRoute, NDJSON_TYPE, type Route } from './route.ts';

/** The recipients of a campaign: a stream of them is added under its record. */

const newRecipient = z.object({
  to: z.record(z.string(), z.unknown()).describe('The recipient, as in a message.'),
  data: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('Values for placeholders, in addition to those of the campaign.'),
  lastPlayedAt: z.string().optional().describe('When the recipient last played, an ISO instant.'),
});

export const recipientsRoute = (parts: CampaignParts): Route =>
  defineRoute({
    method: 'post',
    path: '/v1/campaigns/{id}/recipients',
    operationId: 'listRecipients',
    summary: 'Add recipients to a campaign',
    description:
      'A recipient a line, `{ "to": …, "data": …, "lastPlayedAt": … }`, of which there may be any number. A line is answered where it is refused, and each 500, or up to 2,000 over shards, by the last line of them, once they are listed; the last line sums up. Where the connection breaks, send all again, or from the line after the last chunk on: nobody gets a second message. The list stays open until a request has come to its end.',
    scope: 'send',
    params,
    query: z.strictObject({ ...CHANNEL, ...DRY_RUN }),
    body: { [NDJSON_TYPE]: { schema: newRecipient } },
    answers: {
      200: {
        description: 'Lines that are refused, chunks that are listed, and the summary.',
        content: { [NDJSON_TYPE]: { schema: recipientAnswer } },
      },
    },
    problems: ['not_found', 'conflict', 'unknown_channel'],
    async handle(request) {
      const spec = specOf(await findOne(request, parts), parts.clock.now());
      const { producer, admin } = parts;
      if (request.query.dryRun === 'true')
        return recipientStream(request, async (source, { onInvalid, onBatch }) => {
          const options = { onInvalid, onProgress: onBatch };
          const { send, ineligible, quota, busy, known, duplicate } = await admin.campaigns.dryRun(
            spec,
            source,
            options,
          );
          return { send, ineligible, quota, busy, known, duplicate };
        });
      return recipientStream(request, async (source, { onInvalid, onBatch }) => {
        await producer.campaign(spec as never, source as never, {
          onInvalid,
          onProgress: (_, batch) => onBatch(batch),
        });
        return {};
      });
    },
  });

/** As it was created: a start of the same content goes on with it. One that is expired is refused by the store. */
function specOf({ id, channel, message, expiresAt }: CampaignOverview, now: number): Record<string, unknown> {
  return { ...message, id, channel, ...(expiresAt > now && { expiresAt: iso(expiresAt) }) };
}
