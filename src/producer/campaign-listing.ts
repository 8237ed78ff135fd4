import { newCampaignJobId } from '../jobs/job-ids.ts';
import {
  type CreatedCampaign,
  createCampaign,
  finishListing,
  listChunk,
  type NewCampaign,
  setCampaignState,
} from '../ledger/campaigns.ts';
import type { AnyMessage } from '../message/schema.ts';
import type { ChannelStore } from '../redis/channel-store.ts';
import { storeNames, storeOf } from '../redis/shards.ts';
import type { Stores } from '../redis/stores.ts';
import { type Chunk, packChunks } from './campaign-chunks.ts';
import type { CheckedRecipient, PreparedCampaign } from './campaign-spec.ts';
import type { Attempt } from './connection.ts';
import {
  CampaignCancelledError,
  CampaignConflictError,
  CampaignExpiredError,
  CampaignLostError,
} from './errors.ts';

/** Adds the recipients of a campaign to the channel's queues. Each shard has a record of the campaign, and its own recipients. */
export interface CampaignListing {
  /** Whether the campaign is in the store by now. */
  begun(): boolean;
  /** Whether this listing has created it. */
  created(): boolean;
  /** Creates the campaign, if that was not done yet. */
  begin(shards: number | undefined, attempt: Attempt): Promise<void>;
  /** Opens the list of a campaign that exists; does nothing if there is none. */
  beginExisting(shards: number | undefined, attempt: Attempt): Promise<void>;
  /** @returns how many of them are new to the campaign */
  add(recipients: readonly CheckedRecipient[], shards: number | undefined, attempt: Attempt): Promise<number>;
  finish(attempt: Attempt): Promise<void>;
}

/** Creates the campaign with its first recipients, unless `begin` was called before. */
export function createListing(campaign: PreparedCampaign, stores: Pick<Stores, 'of'>): CampaignListing {
  const { id, text: message, channel, dueAt, priority } = campaign;
  /** The stores by name, once the campaign is created in all of them. */
  let opened: Promise<ReadonlyMap<string, ChannelStore>> | undefined;
  let begun = false;
  let isNew = false;

  async function createIn(
    store: ChannelStore,
    how: Pick<NewCampaign, 'expiresAt' | 'find' | 'paused'>,
    attempt: Attempt,
  ): Promise<CreatedCampaign> {
    const wanted = { id, message, sendAt: dueAt, ...how };
    const created = await attempt(store.redis, () => createCampaign(store, wanted));
    const { status, expiresAt: expires } = created;
    if (status === 'conflict') throw new CampaignConflictError(id);
    if (status === 'cancelled') throw new CampaignCancelledError(id);
    if (status === 'expired') throw new CampaignExpiredError(id, expires);
    begun ||= status !== 'unknown';
    return created;
  }

  /** As the home of a channel over shards knows it: it was started there by who knew of none. */
  async function findAtHome(
    shards: number | undefined,
    attempt: Attempt,
  ): Promise<CreatedCampaign | undefined> {
    if (shards === undefined) return undefined;
    const found = await createIn(stores.of(channel), { find: true }, attempt);
    return found.status === 'unknown' ? undefined : found;
  }

  /**
   * Whoever paused, resumed or cancelled it meanwhile has missed the stores that did not have it yet. But they go to the leading one before
   * the others (see `controlInAll`): what these are to have is its state.
   */
  async function follow(
    leading: ChannelStore,
    others: readonly ChannelStore[],
    wasPaused: boolean | undefined,
    attempt: Attempt,
  ): Promise<void> {
    for (let held = wasPaused; ; ) {
      const { status, paused } = await createIn(leading, { find: true }, attempt);
      if (status === 'unknown' || paused === held) return;
      await setAll(others, paused ? 'pause' : 'resume', attempt);
      held = paused;
    }
  }

  async function setAll(
    all: readonly ChannelStore[],
    operation: 'pause' | 'resume' | 'cancel',
    attempt: Attempt,
  ): Promise<void> {
    await Promise.all(all.map((store) => attempt(store.redis, () => setCampaignState(store, id, operation))));
  }

  /** The first store says when its messages expire, where nothing else is said: in all of them at the same instant. */
  async function open(
    shards: number | undefined,
    attempt: Attempt,
  ): Promise<ReadonlyMap<string, ChannelStore>> {
    const names = storeNames(channel, shards);
    const [first, ...others] = names.map((name) => stores.of(name)) as [ChannelStore, ...ChannelStore[]];
    const atHome = await findAtHome(shards, attempt);
    const { expiresAt = campaign.expiresAt, paused } = atHome ?? {};
    const opening = await createIn(first, { expiresAt, paused }, attempt);
    const same = { expiresAt: opening.expiresAt, paused: (atHome ?? opening).paused };
    const [leading, following] = atHome ? [stores.of(channel), [first, ...others]] : [first, others];
    async function createOthers(): Promise<CreatedCampaign[]> {
      const more = await Promise.all(others.map((store) => createIn(store, same, attempt)));
      if (following.length > 0) await follow(leading, following, same.paused, attempt);
      return more;
    }
    const more = await createOthers().catch(async (error: unknown) => {
      if (error instanceof CampaignCancelledError) await setAll(following, 'cancel', attempt);
      throw error;
    });
    isNew = !atHome && [opening, ...more].some(({ status }) => status === 'created');
    return new Map([...names, ...(atHome ? [channel] : [])].map((name) => [name, stores.of(name)]));
  }

  function byStore(
    recipients: readonly CheckedRecipient[],
    shards: number | undefined,
  ): ReadonlyMap<string, readonly CheckedRecipient[]> {
    if (shards === undefined) return new Map([[channel, recipients]]);
    const groups = new Map<string, CheckedRecipient[]>();
    for (const each of recipients) {
      const message = { ...campaign.common, to: each.recipient.to } as AnyMessage;
      const name = storeOf(channel, shards, campaign.definition.recipient(message).key);
      if (!groups.get(name)?.push(each)) groups.set(name, [each]);
    }
    return groups;
  }

  async function addChunk(
    store: ChannelStore,
    { count, data, digest }: Chunk,
    attempt: Attempt,
  ): Promise<number> {
    // The same for each attempt: what was listed by a call whose answer was lost is no duplicate.
    const jobId = newCampaignJobId(id, count);
    const chunk = { id, jobId, priority, dueAt, digest, count, data };
    const listing = await attempt(store.redis, () => listChunk(store, chunk));
    if (listing === 'cancelled') throw new CampaignCancelledError(id);
    if (listing === 'unknown') throw new CampaignLostError(id);
    return listing === 'listed' ? count : 0;
  }

  async function addTo(
    store: ChannelStore,
    recipients: readonly CheckedRecipient[],
    attempt: Attempt,
  ): Promise<number> {
    let added = 0;
    for (const chunk of packChunks(id, recipients)) added += await addChunk(store, chunk, attempt);
    return added;
  }

  async function begin(shards: number | undefined, attempt: Attempt): Promise<void> {
    opened ??= open(shards, attempt);
    await opened;
  }

  return {
    begun: () => begun,
    created: () => isNew,
    begin,
    async beginExisting(shards, attempt) {
      const [first] = storeNames(channel, shards) as [string];
      const { status } = await createIn(stores.of(first), { find: true }, attempt);
      if (status !== 'unknown' || (await findAtHome(shards, attempt))) await begin(shards, attempt);
    },
    async add(recipients, shards, attempt) {
      if (recipients.length === 0) return 0;
      opened ??= open(shards, attempt);
      const known = await opened;
      const added = [...byStore(recipients, shards)].map(([name, own]) => {
        const store = known.get(name);
        // Announced with another number of shards meanwhile.
        if (!store) throw new CampaignLostError(id);
        return addTo(store, own, attempt);
      });
      return (await Promise.all(added)).reduce((sum, count) => sum + count, 0);
    },
    async finish(attempt) {
      const all = [...((await opened)?.values() ?? [])];
      await Promise.all(all.map((store) => attempt(store.redis, () => finishListing(store, id))));
    },
  };
}
