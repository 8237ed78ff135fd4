import { setTimeout as pause } from 'node:timers/promises';
import { HeraldError } from '../error.ts';
import { adoptPolicy, inspectPolicy, leaveStore, type PolicyInForce } from '../ledger/policy-in-force.ts';
import {
  policyRefusal,
  policyText,
  readPolicy,
  type SlotPolicy,
  samePolicy,
  shardsIn,
} from '../policies/quota-change.ts';
import type { ChannelStore } from '../redis/channel-store.ts';
import { channelOfStore, storeNames } from '../redis/shards.ts';
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

/** The pause before another attempt, if another worker granted something in between. */
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
 * @param unknown whether recent sends may be missing in the channel's ledger
 * @returns since when it is in force
 * @throws QuotaChangedError, ShardsChangedError
 */
export async function takePolicy(taker: PolicyTaker, unknown: boolean): Promise<number> {
  const { store, policy, platformDayMs } = taker;
  for (;;) {
    const seen = await inspectPolicy(store);
    const was = seen.text;
    const same = was === undefined || samePolicy(was, policy);
    if (!same) await refuseOtherShards(taker, shardsIn(was));
    if (!same) refuseWhileOpen(taker, seen);
    // Sends under another addressing, or in other stores of the channel, are not found in this ledger.
    const before = !same && readPolicy(was);
    const elsewhere =
      !same && (!before || before.addressing !== policy.addressing || before.shards !== policy.shards);
    const adoption = { policy: policyText(policy), seen, platformDayMs, unknown: unknown || elsewhere };
    const since = await adoptPolicy(store, adoption);
    if (since !== undefined) return since;
    await pause(RECHECK_MS);
  }
}

/**
 * Puts the policy in force in a store that has forgotten that it was. Nothing was left in the stores of another number of shards then, and
 * what has come since is dealt out.
 * @returns since when it is in force; undefined if what was in force has changed since it was seen
 * @throws QuotaChangedError
 */
export async function takePolicyAgain(taker: PolicyTaker, seen: PolicyInForce): Promise<number | undefined> {
  refuseWhileOpen(taker, seen);
  const { store, policy, platformDayMs } = taker;
  return await adoptPolicy(store, { policy: policyText(policy), seen, platformDayMs, unknown: true });
}

function refuseWhileOpen({ store, policy }: PolicyTaker, seen: PolicyInForce): void {
  const refusal = policyRefusal(policy, seen);
  if (refusal)
    throw new QuotaChangedError(store.channel, refusal.field, seen.text ?? '', new Date(refusal.until));
}

/**
 * The number of shards may change once nothing is left in the channel. First the stores of both numbers are left: workers that still go by
 * the old number then get no grant in them, and producers add no message there that nobody would find. Only then is the new policy put
 * in force, at the home first. So where a shard has had it for a shorter time than the home has the old one, the home forgot the change in a
 * failover: what lies in such shards is where it should be, and what waits at the home is dealt out.
 */
async function refuseOtherShards(taker: PolicyTaker, was: number | undefined): Promise<void> {
  const { stores, store, policy } = taker;
  const { channel, name } = store;
  if (was === policy.shards) return;
  const home = stores.of(channel);
  const isDecided = name !== channel && shardsIn((await inspectPolicy(home)).text ?? '') === policy.shards;
  const shards = [...storeNames(channel, was), ...storeNames(channel, policy.shards)];
  const all = isDecided ? [store] : [home, ...[...new Set(shards)].filter(isShard).map(stores.of)];
  const left: Left[] = [];
  for (;;) {
    const seen = await Promise.all(
      all.map(async (each) => ({ store: each, seen: await inspectPolicy(each) })),
    );
    const forgot = name === channel && seen.some((each) => isOwn(each, policy) && isLater(each, seen[0]!));
    const isInPlace = (each: Left): boolean => forgot && isOwn(each, policy);
    const mayWait = (each: Left): boolean => forgot && was !== undefined && each.store === home;
    if (seen.some((each) => !isInPlace(each) && (isOpen(each) || (!each.seen.drained && !mayWait(each))))) {
      await comeBack(left, taker);
      throw new ShardsChangedError(channel, was, policy.shards);
    }
    if (isDecided || (await leaveAll(seen.slice(1), taker, left))) return;
  }
}

const isOpen = ({ seen: { openUntil, now } }: Left): boolean => openUntil > now;
const isLater = (one: Left, other: Left): boolean => one.seen.since > other.seen.since;
/** Whether a worker of this number of shards has it in force in the store. */
const isOwn = ({ seen: { text = '' } }: Left, { shards }: SlotPolicy): boolean =>
  shards !== undefined && readPolicy(text)?.shards === shards;

const isShard = (name: string): boolean => channelOfStore(name) !== name;

interface Left {
  store: ChannelStore;
  seen: PolicyInForce;
}

/** @returns whether nothing has changed in them since they were seen */
async function leaveAll(seen: readonly Left[], { policy }: PolicyTaker, left: Left[]): Promise<boolean> {
  for (const each of seen) {
    if (isOwn(each, policy)) continue;
    if (!(await leaveStore(each.store, policy.shards ?? 1, each.seen))) return false;
    left.push(each);
  }
  return true;
}

/** Something came in between, so the number does not change: gives the stores that were left back to the workers of the old number. */
async function comeBack(left: readonly Left[], { platformDayMs }: PolicyTaker): Promise<void> {
  for (const { store, seen: was } of left) {
    if (was.text === undefined) continue;
    const seen = await inspectPolicy(store);
    // Another worker has put one in force since.
    if (readPolicy(seen.text ?? '')) continue;
    await adoptPolicy(store, { policy: was.text, seen, platformDayMs, unknown: false });
  }
}
