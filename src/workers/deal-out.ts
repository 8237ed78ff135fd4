import type { Delivery, Entry, Pipeline } from '../jobs/envelope.ts';
import type { Leave } from '../jobs/leave.ts';
import { explainMessage } from '../ledger/lookups.ts';
import { decodeFinal } from '../ledger/reasons.ts';
import type { LedgerMessage } from '../ledger/types.ts';
import type { Disposition } from '../outcome.ts';
import type { PlatformDefinition } from '../platforms/port.ts';
import type { ChannelStore } from '../redis/channel-store.ts';
import { shardOf } from '../redis/shards.ts';
import { MAX_STALLS } from './pipeline.ts';

type DeliveryEntry = Extract<Entry, { kind: 'delivery' }>;

export interface DealOutOptions {
  definition: Pick<PlatformDefinition, 'recipient'>;
  /** The shard whose pipeline it is; undefined for the channel's home. */
  own: number | undefined;
  /** By shard: puts a message into a job of its own there. */
  leave: readonly Leave[];
  /** What this store knows of a message that was enqueued here with a record. */
  recordOf(delivery: Delivery): Promise<KnownHere>;
}

/** `final`: mostly because it was cancelled. `notBefore`: the instant that it was rescheduled to. */
export type KnownHere = { final: true } | { final: false; notBefore: number | undefined };

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
    const known = await options.recordOf(entry.delivery);
    if (known.final) return await pipeline.deliver(entry);
    const { notBefore } = known;
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

/** What a store knows of a message that was enqueued there. The record of a past message of the same id does not count. */
export async function knownHere(
  store: ChannelStore,
  { key, job }: Pick<LedgerMessage, 'key' | 'job'>,
): Promise<KnownHere> {
  const { record } = await explainMessage(store, { key, job });
  if (!record) return { final: false, notBefore: undefined };
  if (decodeFinal(String(record['state']), Number(record['reason'] ?? 0))) return { final: true };
  return { final: false, notBefore: Number(record['not_before'] ?? 0) || undefined };
}
