import { z } from 'zod';
import type { Admin } from '../admin/admin.ts';
import type { CampaignOverview } from '../admin/campaigns/campaigns.ts';
import type { Clock } from '../clock.ts';
import { CAMPAIGN_ID } from '../message/fields.ts';
import type { Producer } from '../producer/producer.ts';
import { type Access, mayUse } from '../tokens/scopes.ts';
import { checkChannel } from './channel-access.ts';
import { problem } from './problem.ts';
import type { ApiRequest } from './route.ts';

/** What the routes of campaigns have in common: their parts, and how a request names a campaign. */

export interface CampaignParts {
  producer: Producer<unknown>;
  admin: Pick<Admin, 'campaigns' | 'as'>;
  clock: Pick<Clock, 'now'>;
}

export const params = z.object({
  id: z
    .string()
    .regex(CAMPAIGN_ID, 'expected 1 to 80 letters, digits, _ or -')
    .describe('The id of the campaign.'),
});
export const CHANNEL = {
  channel: z
    .string()
    .max(64)
    .optional()
    .describe("The campaign's channel; needed where several have one of this id."),
};
export const DRY_RUN = {
  dryRun: z
    .enum(['true', 'false'])
    .default('false')
    .describe('`true`: stores nothing, and tells what would happen.'),
};

/** The campaigns of this id that the token may see. @throws ApiProblem 403, 404 */
async function find(
  { access, params: { id }, query: { channel } }: Identified,
  { admin }: CampaignParts,
): Promise<[CampaignOverview, ...CampaignOverview[]]> {
  checkChannel(access, channel);
  const [first, ...others] = visible(await admin.campaigns.show(id, { channel }), access);
  if (first) return [first, ...others];
  throw problem('not_found', 'there is no campaign of this id');
}

type Identified = Pick<
  ApiRequest<{ id: string }, { channel?: string | undefined }>,
  'access' | 'params' | 'query'
>;

export const visible = (campaigns: readonly CampaignOverview[], access: Access): CampaignOverview[] =>
  campaigns.filter(({ channel }) => mayUse(access, channel));

/** @throws ApiProblem also 409, where several channels have it */
export async function findOne(request: Identified, parts: CampaignParts): Promise<CampaignOverview> {
  const [only, ...others] = await find(request, parts);
  if (others.length === 0) return only;
  throw problem('conflict', 'several channels have a campaign of this id: name one by ?channel=');
}
