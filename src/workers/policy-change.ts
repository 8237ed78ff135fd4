import { setTimeout as pause } from 'node:timers/promises';
import { HeraldError } from '../error.ts';
import { adoptPolicy, inspectPolicy, type PolicyInForce } from '../ledger/policy-in-force.ts';
import {
  policyText,
  readPolicy,
  type SlotPolicy,
  samePolicy,
  shardsIn,
  takesOverAt,
} from '../policies/quota-change.ts';
import type { ChannelStore } from '../redis/channel-store.ts';
import { storeNames } from '../redis/shards.ts';
import type { Stores } from '../redis/stores.ts';

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

/** A channel is configured with another number of shards than it has. */
export class ShardsChangedError extends HeraldError {
  override readonly name = 'ShardsChangedError';
  readonly code = 'HERALD_SHARDS_CHANGED';
  constructor(channel: string, was: number | undefined, wanted: number | undefined) {
    super(
      `channels.${channel}.shards: is ${was ?? 'absent'} where its messages lie and cannot become ${wanted ?? 'absent'}: the slots ` +
        'of its recipients would be looked for elsewhere. Restore it; or drain the channel first, until no message, dead letter or ' +
        'open window is left; or use another channel name',
    );
  }
}

export interface PolicyTaker {
  stores: Pick<Stores, 'of'>;
  store: ChannelStore;
  policy: SlotPolicy;
  platformDayMs: number;
}

/**
 * Puts a channel's quota policy in force, for all its workers.
 * @param unknown whether recent sends may be missing from the channel's ledger
 * @throws QuotaChangedError, ShardsChangedError
 */
export async function takePolicy(taker: PolicyTaker, unknown: boolean): Promise<void> {
  const { store, policy, platformDayMs } = taker;
  for (;;) {
    const seen = await inspectPolicy(store);
    const was = seen.text;
    const same = was === undefined || samePolicy(was, policy);
    if (!same) await refuseOtherShards(taker, shardsIn(was));
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

/** The number may change once nothing is left of the channel. Its home is the first to know. */
async function refuseOtherShards(
  { stores, store: { channel, name }, policy }: PolicyTaker,
  was: number | undefined,
): Promise<void> {
  if (was === policy.shards) return;
  const home = await inspectPolicy(stores.of(channel));
  const isDecided = name !== channel && shardsIn(home.text ?? '') === policy.shards;
  const all = [channel, ...storeNames(channel, was), ...storeNames(channel, policy.shards)];
  for (const each of isDecided ? [name] : new Set(all)) {
    const { drained, openUntil, now } = await inspectPolicy(stores.of(each));
    if (!drained || openUntil > now) throw new ShardsChangedError(channel, was, policy.shards);
  }
}
