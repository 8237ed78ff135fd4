import { z } from 'zod';
import { recipientsRoute } from './campaign-recipients.ts';
import { type CampaignParts, CHANNEL, DRY_RUN, findOne, params, visible } from './campaign-request.ts';
import { campaign, view } from './campaign-view.ts';
import { channelOfMessage, checkChannel } from './channel-access.ts';
import { actorOf } from './one-message.ts';
import { problem } from './problem.ts';
import { defineRoute, JSON_TYPE, type Route } from './route.ts';

/**
 * Campaigns over HTTP. What a campaign sends is in its record from the first request on, and each list of recipients is added
 * under that record: nothing is kept between the requests.
 */

/** The rest of its fields are those of a message of its platform, which checks them. */
const newCampaign = z.looseObject({
  id: z
    .string()
    .describe('The name of the campaign, unique within its channel: up to 80 letters, digits, `_` and `-`.'),
  platform: z.string().describe('The platform of its channel, which the other fields follow from.'),
  channel: z
    .string()
    .optional()
    .describe("The channel that sends it; the one of the platform's name when absent."),
});

const OF_CHANNEL = {
  channel: z.string().max(64).optional().describe('Only campaigns of this channel.'),
};
const checkedCampaign = z.object({ id: z.string().describe('Of the campaign, which was checked alone.') });

const createRoute = ({ producer, admin }: CampaignParts): Route =>
  defineRoute({
    method: 'post',
    path: '/v1/campaigns',
    operationId: 'createCampaign',
    summary: 'Create a campaign',
    description:
      'Takes what the messages of the campaign have in common: a message without `to`, whose `id` names the campaign. Its recipients follow. The same campaign again changes nothing.',
    scope: 'send',
    query: z.strictObject(DRY_RUN),
    body: { [JSON_TYPE]: { schema: newCampaign } },
    answers: {
      201: { description: 'Created.', content: { [JSON_TYPE]: { schema: campaign } } },
      200: {
        description:
          'It was created before, with this content; or a dry run, whose answer has nothing but `id`.',
        content: { [JSON_TYPE]: { schema: z.union([campaign, checkedCampaign]) } },
      },
    },
    problems: ['invalid', 'unknown_channel', 'conflict', 'too_large', 'request_timeout'],
    async handle({ access, query, json }) {
      const spec = await json();
      const channel = channelOfMessage(spec);
      checkChannel(access, channel);
      const dryRun = query.dryRun === 'true';
      // It throws for all that `show` could not be asked for.
      const { id, created } = await producer.campaign(spec as never, [], { open: true, dryRun });
      if (dryRun) return { status: 200, body: { id } };
      const [shown] = await admin.campaigns.show(id, { channel });
      return { status: created ? 201 : 200, body: view(shown!) };
    },
  });

const campaigns = z.object({
  campaigns: z.array(campaign).describe('The latest of a channel first.'),
});

const readRoutes = (parts: CampaignParts): Route[] => [
  defineRoute({
    method: 'get',
    path: '/v1/campaigns',
    operationId: 'listCampaigns',
    summary: 'List the campaigns',
    description: 'The latest of a channel first; they are kept until a week after their messages expire.',
    scope: 'read',
    query: z.strictObject(OF_CHANNEL),
    answers: {
      200: {
        description: 'Campaigns of the channels that the token is for.',
        content: { [JSON_TYPE]: { schema: campaigns } },
      },
    },
    problems: ['unknown_channel'],
    async handle({ access, query: { channel } }) {
      checkChannel(access, channel);
      const campaigns = visible(await parts.admin.campaigns.list({ channel }), access);
      return { status: 200, body: { campaigns: campaigns.map(view) } };
    },
  }),
  defineRoute({
    method: 'get',
    path: '/v1/campaigns/{id}',
    operationId: 'showCampaign',
    summary: 'Show a campaign: its progress, its rate, and when it will be through',
    scope: 'read',
    params,
    query: z.strictObject(CHANNEL),
    answers: { 200: { description: 'The campaign.', content: { [JSON_TYPE]: { schema: campaign } } } },
    problems: ['not_found', 'conflict', 'unknown_channel'],
    handle: async (request) => ({ status: 200, body: view(await findOne(request, parts)) }),
  }),
];

const controlled = z.object({
  id: z.string().describe('The id of the campaign.'),
  channel: z.string().describe('Its channel.'),
  status: z
    .enum(['running', 'paused', 'cancelled', 'done'])
    .describe(
      'What it is from now on; a campaign that was cancelled stays so, and one that is done is neither paused nor resumed.',
    ),
});

const CONTROLS = {
  pause:
    'Pause a campaign: what is in flight completes, what was granted before leaves within 2.5 seconds, and what waits still expires',
  resume: 'Resume a campaign that was paused',
  cancel: 'Cancel a campaign for good: what waits ends suppressed, cancelled',
} as const;

const controlRoutes = (parts: CampaignParts): Route[] =>
  (['pause', 'resume', 'cancel'] as const).map((operation) =>
    defineRoute({
      method: 'post',
      path: `/v1/campaigns/{id}/${operation}`,
      operationId: `${operation}Campaign`,
      summary: CONTROLS[operation],
      scope: 'operate',
      params,
      query: z.strictObject(CHANNEL),
      answers: {
        200: { description: 'Its state from now on.', content: { [JSON_TYPE]: { schema: controlled } } },
      },
      problems: ['not_found', 'conflict', 'unknown_channel'],
      async handle(request) {
        const { id, channel } = await findOne(request, parts);
        const { campaigns } = parts.admin.as(actorOf(request.access));
        const [result] = await campaigns[operation](id, { channel });
        if (!result) throw problem('not_found', 'there is no campaign of this id');
        return { status: 200, body: { id, channel, status: result.status } };
      },
    }),
  );

export const campaignRoutes = (parts: CampaignParts): Route[] => [
  createRoute(parts),
  recipientsRoute(parts),
  ...readRoutes(parts),
  ...controlRoutes(parts),
];
