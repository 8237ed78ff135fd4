import { setTimeout as pause } from 'node:timers/promises';
import { HeraldError } from '../error.ts';
import { adoptPolicy, lookAtPolicy, type PolicyInForce } from '../ledger/policy-in-force.ts';
import {
  policyText,
  readPolicy,
  type SlotPolicy,
  samePolicy,
  takesOverAt,
} from '../policies/quota-change.ts';
import type { ChannelStore } from '../redis/channel-store.ts';

/** The policy of a channel's slots was changed while messages of the old one count. */
export class QuotaChangedError extends HeraldError {
  override readonly name = 'QuotaChangedError';
  readonly code = 'HERALD_QUOTA_CHANGED';
  constructor(channel: string, field: 'quota' | 'addressing', was: string, until: Date) {
    super(
      `channels.${channel}.${field}: was changed while messages sent under the old policy ${was} count until ` +
        `${until.toISOString()}: players could get a second message. Restore it, or start the worker after that`,
    );
  }
}

/** Between two looks, where others grant meanwhile. */
const RECHECK_MS = 50;

export interface PolicyTaker {
  store: ChannelStore;
  policy: SlotPolicy;
  platformDayMs: number;
}

/**
 * Puts a channel's policy in force, for all its workers.
 * @param unknown what was sent lately is not in the channel's ledger
 * @throws QuotaChangedError
 */
export async function takePolicy(taker: PolicyTaker, unknown: boolean): Promise<void> {
  const { store, policy, platformDayMs } = taker;
  for (;;) {
    const seen = await lookAtPolicy(store);
    const was = seen.text;
    const same = was === undefined || samePolicy(was, policy);
    if (!same) refuseWhileOpen(taker, seen);
    const renamed = !same && readPolicy(was)?.addressing !== policy.addressing;
    const adoption = { policy: policyText(policy), seen, platformDayMs, unknown: unknown || renamed };
    if (await adoptPolicy(store, adoption)) return;
    await pause(RECHECK_MS);
  }
}

function refuseWhileOpen({ store, policy }: PolicyTaker, { text = '', openUntil, now }: PolicyInForce): void {
  const was = readPolicy(text);
  const at = takesOverAt(policy, was, openUntil);
  if (at <= now) return;
  const sameQuota = was && policyText({ ...policy, quota: was.quota }) === policyText(policy);
  throw new QuotaChangedError(store.channel, sameQuota ? 'addressing' : 'quota', text, new Date(at));
}
