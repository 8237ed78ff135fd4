import { tryParseJson } from '../json.ts';
import { CAMPAIGN_ID } from '../message/fields.ts';
import type { ChannelStore } from '../redis/channel-store.ts';
import { isWrongType } from '../redis/errors.ts';
import type { CampaignContent, QueuedJob } from './envelope.ts';
import { CAMPAIGN_JOB } from './job-ids.ts';

/** Finds a campaign; undefined if it is not kept any more, or cannot be read. */
export type FindCampaign = (id: string) => Promise<CampaignContent | undefined>;

/** The id of the campaign that a job names; undefined if it is not a job of a campaign, or names none. */
export function campaignOf({ name, text, size }: QueuedJob): string | undefined {
  if (name !== CAMPAIGN_JOB || size !== undefined) return undefined;
  const { campaign } = Object(tryParseJson(text)) as { campaign?: unknown };
  return typeof campaign === 'string' && CAMPAIGN_ID.test(campaign) ? campaign : undefined;
}

/** Whether a job is of this campaign, and not of an earlier one of the same id, whose content is not kept any more. */
export const isJobOf = ({ timestamp }: QueuedJob, { created }: CampaignContent): boolean =>
  timestamp >= Number(created);

/** How many contents are remembered, of 64 KiB each at most. */
const MOST_KEPT = 50;

/** Reads the state of a campaign with each call, and its content once. */
export function createCampaignReader({ redis, keys }: Pick<ChannelStore, 'redis' | 'keys'>): FindCampaign {
  const known = new Map<string, Pick<CampaignContent, 'created' | 'message'>>();

  async function contentOf(id: string, created: string): Promise<CampaignContent['message'] | undefined> {
    const held = known.get(id);
    if (held?.created === created) return held.message;
    const message = tryParseJson((await redis.hget(keys.campaign(id), 'message')) ?? undefined);
    if (typeof message !== 'object' || message === null) return undefined;
    known.set(id, { created, message: message as CampaignContent['message'] });
    for (const oldest of known.keys()) {
      if (known.size <= MOST_KEPT) break;
      known.delete(oldest);
    }
    return message as CampaignContent['message'];
  }

  return async (id) => {
    try {
      const [created, expires, state] = await redis.hmget(keys.campaign(id), 'created', 'expires', 'state');
      const message = created ? await contentOf(id, created) : undefined;
      const expiresAt = Number(expires);
      if (!message || !created || Number.isNaN(new Date(expiresAt).getTime())) return undefined;
      return { id, created, message, expiresAt, paused: state === 'paused' };
    } catch (error) {
      if (isWrongType(error)) return undefined;
      throw error;
    }
  };
}
