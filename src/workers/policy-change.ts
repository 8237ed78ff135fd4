import { setTimeout as pause } from 'node:timers/promises';
import { HeraldError } from '../error.ts';
import { adoptPolicy, inspectPolicy, type PolicyInForce } from '../ledger/policy-in-force.ts';
import {
  policyText,
  readPolicy,
  type SlotPolicy,
  samePolicy,
  takesOverAt,
} from '../policies/quota-change.ts';
import type { ChannelStore } from '../redis/channel-store.ts';

/** The quota policy of a channel was changed while windows of the old one are open. */
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

/** The pause between attempts, if other workers grant in between. */
const RECHECK_MS = 50;

export interface PolicyTaker {
  store: ChannelStore;
  policy: SlotPolicy;
  platformDayMs: number;
}

/**
 * Puts a channel's quota policy in force, for all its workers.
 * @param unknown whether recent sends may be missing from the channel's ledger
 * @throws QuotaChangedError
 */
export async function takePolicy(taker: PolicyTaker, unknown: boolean): Promise<void> {
  const { store, policy, platformDayMs } = taker;
  for (;;) {
    const seen = await inspectPolicy(store);
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
