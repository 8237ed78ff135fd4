import { z } from 'zod';
import type { CampaignOverview } from '../../admin/campaigns.ts';
import { CAMPAIGN_STATES } from '../../outcome.ts';

/** A campaign as clients of the API see it. */

const instant = z.iso.datetime();

export const campaign = z.object({
  id: z.string(),
  channel: z.string(),
  /** `listing`: its list is open. `done`: nothing of it is left to send, or nobody could be listed. */
  state: z.enum(CAMPAIGN_STATES),
  /** What its messages have in common. */
  message: z.record(z.string(), z.unknown()),
  created: instant,
  /** When its messages expire. */
  expiresAt: instant,
  /** Absent where it is sent at once. */
  sendAt: instant.optional(),
  /** All recipients: those that wait, are under way, have ended, or were named twice. */
  listed: z.int(),
  waiting: z.int(),
  /** Tried, or waiting for their slot, and not ended. */
  underWay: z.int(),
  ended: z.int(),
  duplicate: z.int(),
  /** Of first runs, as their receipts say. */
  ends: z.array(z.object({ state: z.string(), reason: z.string(), count: z.int() })),
  /** Final states of replays. */
  replayed: z.int(),
  /** Ends in the last minute. */
  perMinute: z.number(),
  /** When it will be through at its present pace; null where that cannot be told. */
  eta: instant.nullable(),
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
