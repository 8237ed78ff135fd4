import { z } from 'zod';
import type { CampaignOverview } from '../admin/campaigns/campaigns.ts';
import { CAMPAIGN_STATES } from '../outcome.ts';

/** A campaign as clients of the API see it. */

const instant = z.iso.datetime();

export const campaign = z.object({
  id: z.string().describe('Unique within its channel.'),
  channel: z.string().describe('The channel that sends it.'),
  state: z
    .enum(CAMPAIGN_STATES)
    .describe(
      '`listing`: its list is open. `running`: it is listed, and some of it is not over. `paused`, `cancelled`: as an operator said. `done`: nothing of it is left to send, or nobody could be listed.',
    ),
  message: z.record(z.string(), z.unknown()).describe('What its messages have in common.'),
  created: instant.describe('When it was created.'),
  expiresAt: instant.describe('When its messages expire.'),
  sendAt: instant.optional().describe('Not sent before; absent where it is sent at once.'),
  listed: z
    .int()
    .describe('All recipients: those that wait, are under way, have ended, or were named twice.'),
  waiting: z.int().describe('Recipients that were not tried yet.'),
  underWay: z.int().describe('Tried, or waiting for their slot, and not ended.'),
  ended: z.int().describe('Recipients whose message reached a final state.'),
  duplicate: z.int().describe('Named twice: nothing was sent for these.'),
  ends: z
    .array(
      z.object({
        state: z.string().describe('`delivered`, `suppressed` or `dead`.'),
        reason: z.string().describe('Why, as in a receipt.'),
        count: z.int().describe('How many messages ended so.'),
      }),
    )
    .describe('Of first runs, as their receipts say.'),
  replayed: z.int().describe('Final states of replays.'),
  perMinute: z.number().describe('Ends in the last minute.'),
  eta: instant
    .nullable()
    .describe('When it will be through at its present pace; null where that cannot be told.'),
});

export const iso = (ms: number): string => new Date(ms).toISOString();

export const view = (each: CampaignOverview): z.output<typeof campaign> => {
  const { id, channel, state, message, listed, waiting, underWay, ended, duplicate, ends } = each;
  const { replayed, perMinute, eta, created, expiresAt, sendAt } = each;
  return {
    ...{ id, channel, state, message, created: iso(created), expiresAt: iso(expiresAt) },
    ...(sendAt > 0 && { sendAt: iso(sendAt) }),
    ...{ listed, waiting, underWay, ended, duplicate, ends, replayed, perMinute },
    eta: eta === null ? null : iso(eta),
  };
};
