import { campaignSchemasOf } from '../message/campaign.ts';
import { checkOptions, type OptionNames } from '../options.ts';
import { lostStatus } from './accepted-count.ts';
import { inFilledBatches } from './batches.ts';
import { type CampaignListing, createListing } from './campaign-listing.ts';
import { createBatchCheck } from './campaign-recipients.ts';
import { checkContent } from './campaign-rendering.ts';
import { type CampaignRules, type CampaignSpecDeps, prepareCampaign, rulesFor } from './campaign-spec.ts';
import type { Attempt } from './connection.ts';
import {
  CampaignCancelledError,
  CampaignConflictError,
  CampaignExpiredError,
  InterruptedError,
  InvalidMessageError,
  UnknownChannelError,
} from './errors.ts';
import { recipientBatch } from './recipient-batch.ts';
import { type InvalidItem, MAX_INVALID_KEPT, type SendDeps } from './send.ts';
import type { Source } from './source-reader.ts';

/** Starting a campaign: it is created once, and its recipients are listed in chunks, each in one job. */

export interface CampaignResult {
  id: string;
  /** Whether this call created it, rather than going on with one that there was. */
  created: boolean;
  /** Recipients that this call added to the campaign. */
  listed: number;
  /** Recipients that it had before: named twice within the same batch of the source, or listed by an earlier call. */
  duplicate: number;
  /** The first thousand; `onInvalid` is called for all. */
  invalid: InvalidItem[];
  invalidTotal: number;
}

export interface CampaignOptions {
  /** Checks campaign and recipients as usual, but stores nothing: `listed` counts those that would be. */
  dryRun?: boolean;
  /**
   * Creates the campaign also without recipients, and leaves its list open: its state is `listing` until a start without `open`
   * has listed all of its own.
   */
  open?: boolean;
  onInvalid?: (item: InvalidItem) => void;
  /**
   * Called after each 500 recipients, or up to 2,000 of a channel over shards, with the result so far and theirs. They need not be in
   * order.
   */
  onProgress?: (result: Readonly<CampaignResult>, batch: ListedBatch) => void;
}

const OPTIONS: OptionNames<CampaignOptions> = { dryRun: true, open: true, onInvalid: true, onProgress: true };

/** Recipients that are listed, or told to be invalid by `onInvalid` before. */
export interface ListedBatch {
  /** Index of the first one in the source. */
  from: number;
  /** How many of the source, invalid ones included. */
  count: number;
  listed: number;
  duplicate: number;
}

export interface CampaignDeps
  extends Omit<CampaignSpecDeps, 'schemas'>,
    Pick<SendDeps, 'connection' | 'channelRegistry' | 'listed' | 'turns' | 'onAccepted'> {}

/**
 * Batches are always full, so that a start that is repeated with the same recipients makes the same chunks: those that the
 * campaign has are known by their digests.
 * @throws InvalidMessageError, UnknownChannelError, CampaignConflictError, CampaignCancelledError, CampaignExpiredError if
 * nothing was stored
 * @throws InterruptedError with the result so far
 * @throws TypeError for a wrong option
 */
export async function startCampaign(
  input: unknown,
  recipients: Source<unknown>,
  options: CampaignOptions,
  { connection, channelRegistry, listed, turns, onAccepted, ...deps }: CampaignDeps,
): Promise<CampaignResult> {
  const { dryRun = false, open = false, onInvalid, onProgress } = checkOptions('campaign', options, OPTIONS);
  const schemas = campaignSchemasOf(deps.platforms);
  const campaign = prepareCampaign(input, { ...deps, schemas });
  const check = createBatchCheck(campaign, schemas.recipientsOf(campaign.common.platform), turns);
  const listing = createListing(campaign, connection.stores);
  const result: CampaignResult = {
    ...{ id: campaign.id, created: false, listed: 0, duplicate: 0 },
    ...{ invalid: [], invalidTotal: 0 },
  };
  const count = (status: 'listed' | 'duplicate', by: number): void => {
    result[status] += by;
    if (by > 0 && !dryRun) onAccepted(campaign.channel, status === 'listed' ? 'queued' : status, by);
  };
  const refuse = (item: InvalidItem): void => {
    result.invalidTotal += 1;
    if (result.invalid.length < MAX_INVALID_KEPT) result.invalid.push(item);
    if (!dryRun) onAccepted(campaign.channel, 'invalid', 1);
    onInvalid?.(item);
  };
  /** Recipients that may be listed nevertheless, or invalid: the batch has no result. */
  const lose = (by: number, error: unknown): void => {
    const status = lostStatus(error);
    if (status && !dryRun) onAccepted(campaign.channel, status, by);
  };
  const rulesNow = async (attempt: Attempt): Promise<CampaignRules> => {
    const announced = await attempt(connection.stores.directory, () => channelRegistry.current());
    return rulesFor(campaign, { announced, listed });
  };
  const unfinished = (cause: unknown): never => {
    const resumeAt = result.listed + result.duplicate + result.invalidTotal;
    throw new InterruptedError('campaign', { cause, resumeAt, restUntouched: true }, result);
  };
  const beginList = async (how: CampaignListing['begin']): Promise<void> =>
    await connection.call('campaign', async (attempt) => {
      const { shards } = await rulesNow(attempt);
      if (!dryRun) await how(shards, attempt);
    });
  /** One that was created before, and whose content turns out to be good for nobody, is not to stay open. */
  const endExisting = async (): Promise<void> => {
    await beginList(listing.beginExisting);
    if (listing.begun()) await connection.call('campaign', listing.finish);
  };
  const begin = () =>
    recipientBatch({ check, rules: () => connection.call('campaign', rulesNow), onLost: lose });
  const interruption = await inFilledBatches(
    recipients,
    begin,
    async (batch, from) => {
      const { checked } = batch;
      const call = connection.call('campaign', async (attempt) =>
        dryRun ? checked.recipients.length : await listing.add(checked.recipients, batch.shards(), attempt),
      );
      const added = await call.catch((error: unknown) => {
        lose(batch.size(), error);
        throw error;
      });
      const duplicate = checked.duplicate + checked.recipients.length - added;
      count('listed', added);
      count('duplicate', duplicate);
      for (const { at, error } of checked.invalid) refuse({ index: from + at, error });
      onProgress?.(result, { from, count: batch.size(), listed: added, duplicate });
    },
    { full: true },
  );
  if (interruption && !listing.begun() && isRefusal(interruption.cause)) {
    // What refused the list is told, whatever comes of this.
    if (interruption.cause instanceof InvalidMessageError && !open) await endExisting().catch(() => {});
    throw interruption.cause;
  }
  if (interruption) throw new InterruptedError('campaign', interruption, result);
  if (!listing.begun()) {
    if (open) await turns(() => checkContent(campaign));
    // One that was created before is not to stay open because nobody of a list could be listed.
    await beginList(open ? listing.begin : listing.beginExisting);
  }
  if (!open && listing.begun()) await connection.call('campaign', listing.finish).catch(unfinished);
  result.created = listing.created();
  return result;
}

const REFUSALS = [
  InvalidMessageError,
  UnknownChannelError,
  CampaignConflictError,
  CampaignCancelledError,
  CampaignExpiredError,
] as const;
const isRefusal = (cause: unknown): boolean => REFUSALS.some((kind) => cause instanceof kind);
