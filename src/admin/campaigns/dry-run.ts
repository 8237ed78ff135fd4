import {
  findChannel,
  type Installation,
  type InstallationParts,
  type OperatedChannel,
  type OperatedStore,
} from '../../channels/installation.ts';
import { type ChannelFacts, channelFacts } from '../../channels/registry.ts';
import type { CampaignState } from '../../ledger/campaigns.ts';
import { campaignMessageId, jobKey, messageKey, recipientKey } from '../../ledger/names.ts';
import { predictVerdicts } from '../../ledger/prediction.ts';
import type { LedgerMessage, Verdict } from '../../ledger/types.ts';
import { campaignSchemasOf } from '../../message/campaign.ts';
import { type AnyMessage, DEFAULT_LIFE_MS } from '../../message/schema.ts';
import { inBatches } from '../../producer/batches.ts';
import { createBatchCheck } from '../../producer/campaign-recipients.ts';
import {
  type CheckedRecipient,
  type PreparedCampaign,
  prepareCampaign,
  rulesFor,
} from '../../producer/campaign-spec.ts';
import {
  CampaignCancelledError,
  CampaignConflictError,
  CampaignExpiredError,
  InterruptedError,
  InvalidMessageError,
} from '../../producer/errors.ts';
import { type InvalidItem, MAX_INVALID_KEPT } from '../../producer/send.ts';
import type { Source } from '../../producer/source-reader.ts';
import { storeTime } from '../../redis/store-clock.ts';
import { createTurns } from '../../turns.ts';
import { createSeen } from '../seen.ts';
import { campaignsOf } from './states.ts';

/** What would happen to the recipients of a campaign, each counted once. */
export interface CampaignDryRun {
  id: string;
  channel: string;
  /** Their messages would be sent. */
  send: number;
  /** Have not played recently enough. */
  ineligible: number;
  /** Had their message of this window: dropped, or deferred if the campaign says so. */
  quota: number;
  /** Would wait for another send to the same recipient. */
  busy: number;
  /** Had their message of this campaign already, or were taken out of it. */
  known: number;
  /** Named earlier in the list. */
  duplicate: number;
  /** The first thousand; `onInvalid` is called for all. */
  invalid: InvalidItem[];
  invalidTotal: number;
  /** The campaign, if it was started before. */
  existing: CampaignState | null;
}

export interface CampaignDryRunOptions {
  onInvalid?: (item: InvalidItem) => void;
  /** Called after each 500 recipients, not necessarily in order: the index of the first, and how many. */
  onProgress?: (batch: { from: number; count: number }) => void;
}

interface Asked extends CampaignDryRunOptions {
  spec: unknown;
  recipients: Source<unknown>;
}

/** A script holds the store for about 10 µs a message. */
const MAX_ASKED = 100;

/**
 * Asks the admission script for its verdicts, ignoring rate, rest and stop; it writes nothing.
 * @throws InvalidMessageError, UnknownChannelError, CampaignConflictError, CampaignCancelledError, CampaignExpiredError as a start
 * would
 * @throws InterruptedError with the result so far, when Redis or the source fails in between
 */
export async function dryRunCampaign(
  at: Installation,
  { platforms, clock }: InstallationParts,
  { spec, recipients, onInvalid, onProgress }: Asked,
): Promise<CampaignDryRun> {
  const schemas = campaignSchemasOf(platforms);
  const campaign = prepareCampaign(spec, { platforms, schemas, clock });
  const rules = rulesFor(campaign, { announced: factsOf(at), listed: new Map() });
  const channel = findChannel(at, campaign.channel)!;
  const result: CampaignDryRun = {
    id: campaign.id,
    channel: channel.name,
    ...{ send: 0, ineligible: 0, quota: 0, busy: 0, known: 0, duplicate: 0 },
    ...{ invalid: [], invalidTotal: 0 },
    existing: await existing(campaign, channel),
  };
  const check = createBatchCheck(
    campaign,
    schemas.recipientsOf(campaign.common.platform),
    createTurns(clock),
  );
  const ask = await createQuestion(campaign, channel, result.existing);
  const seen = createSeen();
  const interruption = await inBatches(
    recipients,
    async ({ items, from }) => {
      const batch = await check(items, rules);
      const messages = batch.recipients.map((each) => messageTo(each, campaign));
      const fresh = messages.filter(({ message }) => !seen(message.id));
      result.duplicate += batch.duplicate + messages.length - fresh.length;
      for (const verdict of await ask(fresh)) result[fateOf(verdict)] += 1;
      for (const { at: position, error } of batch.invalid) {
        const item = { index: from + position, error };
        result.invalidTotal += 1;
        if (result.invalid.length < MAX_INVALID_KEPT) result.invalid.push(item);
        onInvalid?.(item);
      }
      onProgress?.({ from, count: items.length });
    },
    { full: true },
  );
  if (!interruption) return result;
  if (interruption.cause instanceof InvalidMessageError) throw interruption.cause;
  throw new InterruptedError('dryRun', interruption, result);
}

const factsOf = ({ channels }: Installation): ReadonlyMap<string, ChannelFacts> =>
  new Map(channels.map(({ name, announced, configured }) => [name, announced ?? channelFacts(configured!)]));

async function existing(
  { id, text }: PreparedCampaign,
  channel: OperatedChannel,
): Promise<CampaignState | null> {
  const [found] = await campaignsOf(channel, id);
  if (!found) return null;
  if (JSON.stringify(found.message) !== text) throw new CampaignConflictError(id);
  if (found.state === 'cancelled') throw new CampaignCancelledError(id);
  if (found.expiresAt <= (await storeTime(channel.home.redis)))
    throw new CampaignExpiredError(id, found.expiresAt);
  return found;
}

interface AskedOf {
  message: LedgerMessage;
  /** As the platform's definition gives it. */
  recipient: string;
}

function messageTo({ recipient }: CheckedRecipient, campaign: PreparedCampaign): AskedOf {
  const addressed = { ...campaign.common, to: recipient.to } as AnyMessage;
  const { key } = campaign.definition.recipient(addressed);
  const id = campaignMessageId(campaign.id, key);
  const message = {
    id,
    jobId: id,
    key: messageKey(id),
    // No job has this name, so a final record answers `known` and is not taken up again.
    job: jobKey(id),
    recipient: recipientKey(key),
    expiresAt: 0,
    lastPlayedAt: recipient.lastPlayedAt === undefined ? undefined : Date.parse(recipient.lastPlayedAt),
  };
  return { message, recipient: key };
}

/** Answers in any order. */
type Ask = (messages: readonly AskedOf[]) => Promise<Verdict[]>;

async function createQuestion(
  campaign: PreparedCampaign,
  { name, home, of, policyAround }: OperatedChannel,
  started: CampaignState | null,
): Promise<Ask> {
  const at = Math.max(await storeTime(home.redis), campaign.dueAt ?? 0);
  const policy = policyAround?.(at);
  if (!policy)
    throw new InvalidMessageError([
      { path: 'channel', message: `the workers of ${name} do not say how it admits messages: update them` },
    ]);
  // Starting an existing campaign again changes nothing of it.
  const expiresAt = started?.expiresAt ?? campaign.expiresAt ?? at + DEFAULT_LIFE_MS;
  // As a message of the campaign, so that recipients taken out of it are known; but a pause is ignored, like a stop.
  const campaignOf = started && { campaign: campaign.id };
  return async (asked) => {
    const verdicts: Verdict[] = [];
    for (const [store, messages] of byStore(asked, of))
      for (let from = 0; from < messages.length; from += MAX_ASKED) {
        const page = messages
          .slice(from, from + MAX_ASKED)
          .map(({ message }) => ({ ...message, ...campaignOf, expiresAt }));
        verdicts.push(
          ...(await predictVerdicts(store.store, { messages: page, policy, at, despitePause: true })),
        );
      }
    return verdicts;
  };
}

function byStore(all: readonly AskedOf[], of: OperatedChannel['of']): Map<OperatedStore, AskedOf[]> {
  const groups = new Map<OperatedStore, AskedOf[]>();
  for (const each of all) {
    const store = of(each.recipient);
    if (!groups.get(store)?.push(each)) groups.set(store, [each]);
  }
  return groups;
}

/** `boundary` is sent once the next window has begun; `exhausted` and `unconfirmed` were tried before. */
function fateOf({ kind }: Verdict): 'send' | 'ineligible' | 'quota' | 'busy' | 'known' {
  if (kind === 'granted' || kind === 'boundary') return 'send';
  return kind === 'ineligible' || kind === 'quota' || kind === 'busy' ? kind : 'known';
}
