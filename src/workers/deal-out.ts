import type { Delivery, Entry, Pipeline } from '../jobs/envelope.ts';
import { awayJobId } from '../jobs/job-ids.ts';
import type { Leave } from '../jobs/leave.ts';
import { campaignStateIn, copyCampaign } from '../ledger/campaigns.ts';
import { explainMessage, lookUpMessages } from '../ledger/lookups.ts';
import { WITHDRAWN } from '../ledger/names.ts';
import { decodeFinal } from '../ledger/reasons.ts';
import type { FailoverDetector } from '../ledger/store-gate.ts';
import type { LedgerMessage } from '../ledger/types.ts';
import type { Disposition } from '../outcome.ts';
import type { PlatformDefinition } from '../platforms/port.ts';
import type { ChannelStore } from '../redis/channel-store.ts';
import { shardOf } from '../redis/shards.ts';
import type { StoreClock } from '../redis/store-clock.ts';
import { MAX_STALLS } from './pipeline.ts';

type DeliveryEntry = Extract<Entry, { kind: 'delivery' }>;

export interface DealOutOptions {
  definition: Pick<PlatformDefinition, 'recipient'>;
  /** The shard whose pipeline it is; undefined for the channel's home. */
  own: number | undefined;
  /** By shard: puts a message into a job of its own there. */
  leave: readonly Leave[];
  /** What this store knows of a message that was enqueued here, and is a shard's. */
  recordOf(delivery: Delivery, shard: number): Promise<KnownHere>;
  clock: Pick<StoreClock, 'now'>;
}

/**
 * `final`: mostly because it was cancelled, or its campaign; `withdrawn`: before it was tried, and nothing has come of it here. `notBefore`:
 * the instant that it was rescheduled to. `paused`: its campaign is.
 */
export type KnownHere =
  | { final: true; withdrawn?: true }
  | { final: false; notBefore: number | undefined; paused?: true };

/**
 * Delivers the messages of a store's own recipients, and deals the others out to their shards. At the channel's home these are all
 * messages, enqueued by producers that know of no shards. A message is added to its shard before it is over here: if a crash has it dealt out
 * again, it is the same job there, or meets its record. A message that cannot be read, or takes its workers down, ends where it is.
 */
export function dealOut(pipeline: Pipeline, options: DealOutOptions): Pipeline {
  const { definition, own, leave } = options;
  const shardOfDelivery = ({ message }: Delivery): number =>
    shardOf(definition.recipient(message).key, leave.length);

  async function deal(entry: DeliveryEntry, shard: number): Promise<Disposition> {
    const known = await options.recordOf(entry.delivery, shard);
    if (known.final) return await pipeline.deliver(entry);
    const { notBefore, paused } = known;
    const { expiresAt } = entry.delivery;
    if (paused && options.clock.now() < expiresAt) return pipeline.pause(expiresAt);
    await leave[shard]!({ entry, until: notBefore, away: { notBefore } });
    return { kind: 'moved' };
  }

  return {
    ...pipeline,
    deliver(entry, answered) {
      if (entry.kind !== 'delivery' || entry.delivery.stalls >= MAX_STALLS)
        return pipeline.deliver(entry, answered);
      const shard = shardOfDelivery(entry.delivery);
      if (shard === own) return pipeline.deliver(entry, answered);
      return deal(entry, shard);
    },
  };
}

/** How many campaigns are remembered to have been copied. */
const MOST_COPIED = 100;

/**
 * What a store knows of the messages that it deals out to others. These have a message's campaign before this store is asked whether the
 * campaign is held: who pauses or cancels it here first, and then there, misses no message. What was cancelled after it was dealt out is
 * dealt out again: its shard alone knows what became of it.
 * @param shards those of the channel
 * @param watches of the parts of Redis that these lie in: one that has lost writes may have lost a campaign, and gets it again
 */
export function createKnownHere(
  store: ChannelStore,
  shards: readonly ChannelStore[],
  watches: readonly Pick<FailoverDetector, 'add'>[],
): DealOutOptions['recordOf'] {
  const copies = new Map<string, { id: string; copy: Promise<void> }>();

  async function copied(id: string, created: string | undefined): Promise<void> {
    const key = `${id} ${created}`;
    if (!copies.has(key) && copies.size >= MOST_COPIED) copies.clear();
    const { copy } = copies.get(key) ?? copyAs(key, id);
    await copy;
  }

  function copyAs(key: string, id: string): { copy: Promise<void> } {
    const copy = copyCampaign(id, store, shards).catch((error: unknown) => {
      copies.delete(key);
      throw error;
    });
    copies.set(key, { id, copy });
    return { copy };
  }

  /** Waits for none, since another part may be away. A copy that fails is made with the next message. */
  async function copyAgain(): Promise<number> {
    for (const [key, { id }] of [...copies]) copyAs(key, id).copy.catch(() => {});
    return 0;
  }
  for (const watch of new Set(watches)) watch.add({ restore: copyAgain, holds: async () => true });

  return async ({ ledger, contentKey, source }, shard) => {
    const { campaign } = ledger;
    if (campaign === undefined || ledger.uncounted) return await knownHere(store, ledger);
    await copied(campaign, contentKey);
    const known = await knownHere(store, ledger);
    const state = await campaignStateIn(store, campaign);
    if (known.final && !known.withdrawn) return known;
    if (known.final || state === 'cancelled') {
      const dealt = await isKnownThere(shards[shard]!, ledger, source.enqueuedAt);
      return dealt ? { final: false, notBefore: undefined } : { final: true };
    }
    return state === 'paused' ? { ...known, paused: true } : known;
  };
}

/** Whether a message was dealt out to its shard. Asked for its job first: that is over only once there is a record. */
async function isKnownThere(
  shard: ChannelStore,
  { key, job, jobId: origin }: LedgerMessage,
  enqueuedAt: string,
): Promise<boolean> {
  const [progress] = await lookUpMessages(shard, [{ key, job, jobId: awayJobId(origin, enqueuedAt) }]);
  return progress !== 'waiting' || (await explainMessage(shard, { key })).record !== null;
}

/** What a store knows of a message that was enqueued there. The record of a past message of the same id does not count. */
export async function knownHere(
  store: ChannelStore,
  { key, job }: Pick<LedgerMessage, 'key' | 'job'>,
): Promise<KnownHere> {
  const { record } = await explainMessage(store, { key, job });
  if (!record) return { final: false, notBefore: undefined };
  if (record['job'] === WITHDRAWN) return { final: true, withdrawn: true };
  if (decodeFinal(String(record['state']), Number(record['reason'] ?? 0))) return { final: true };
  return { final: false, notBefore: Number(record['not_before'] ?? 0) || undefined };
}
