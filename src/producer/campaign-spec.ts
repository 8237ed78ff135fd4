import type { Clock } from '../clock.ts';
import type { CampaignSchemas, CommonMessage, ParsedRecipient } from '../message/campaign.ts';
import { type ChannelRules, destinationProblem } from '../message/fit.ts';
import { DEFAULT_LIFE_MS, type Platforms } from '../message/schema.ts';
import type { PlatformDefinition } from '../platforms/port.ts';
import { InvalidMessageError } from './errors.ts';
import { type KnownChannels, platformOf, unknownChannel } from './known-channels.ts';

/** A validated campaign. Whether it fits its channel is checked by `rulesFor`. */
export interface PreparedCampaign {
  id: string;
  definition: PlatformDefinition;
  common: CommonMessage;
  /**
   * The common message as JSON with sorted keys: equal texts are equal contents. Without `channel`, which it is stored under: the
   * default one may be named or not.
   */
  text: string;
  channel: string;
  /** Whether the caller named the channel; otherwise it is the default one, named like the platform. */
  ownChannel: boolean;
  priority: number;
  /** Its `sendAt`, where that is to come; milliseconds since the epoch. */
  dueAt: number | undefined;
  /** Milliseconds since the epoch; undefined for the default. */
  expiresAt: number | undefined;
}

/** A recipient that its campaign can be sent to. */
export interface CheckedRecipient {
  /** Tells the person from others with the same `plain`: somebody who is listed twice has the same key twice. */
  key: string | number;
  recipient: ParsedRecipient;
  /** The only field of its `to`, and its value, if that is a text or number. */
  plain: string | undefined;
  value: string | number | undefined;
}

export interface CampaignSpecDeps {
  platforms: Platforms;
  schemas: CampaignSchemas;
  clock: Pick<Clock, 'now'>;
}

/** @throws InvalidMessageError naming the fields */
export function prepareCampaign(
  input: unknown,
  { platforms, schemas, clock }: CampaignSpecDeps,
): PreparedCampaign {
  const parsed = schemas.parseSpec(input);
  if ('problems' in parsed) throw new InvalidMessageError(parsed.problems);
  const { id, expiresAt, ...common } = parsed.data;
  const now = clock.now();
  const sendsAt = common.sendAt === undefined ? now : Math.max(now, Date.parse(common.sendAt));
  const expires = expiresAt === undefined ? undefined : Date.parse(expiresAt);
  if (expires !== undefined && expires <= sendsAt) throw bad('must be later than now and sendAt');
  if (expires === undefined && sendsAt >= now + DEFAULT_LIFE_MS)
    throw bad('is required when sendAt is 7 days ahead or more');
  return {
    id,
    definition: platforms[common.platform]!,
    common,
    text: JSON.stringify(sorted({ ...common, channel: undefined })),
    channel: common.channel ?? common.platform,
    ownChannel: common.channel !== undefined,
    priority: common.priority ?? 0,
    dueAt: sendsAt > now ? sendsAt : undefined,
    expiresAt: expires,
  };
}

const bad = (message: string): InvalidMessageError =>
  new InvalidMessageError([{ path: 'expiresAt', message }]);

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(
    entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, sorted(inner)]),
  );
}

/** What the channel accepts, and the settings that rendering uses. */
export interface CampaignRules extends ChannelRules {
  settings: Record<string, unknown> | undefined;
  shards: number | undefined;
}

/** @throws UnknownChannelError; InvalidMessageError for a channel of another platform */
export function rulesFor(
  { common, channel, ownChannel }: PreparedCampaign,
  known: KnownChannels,
): CampaignRules {
  const { platform } = common;
  const unknown = unknownChannel({ channel, platform, named: ownChannel }, known);
  if (unknown) throw unknown;
  const { addressing, quota = null, settings, shards } = known.announced.get(channel) ?? {};
  const rules = { name: channel, platform: platformOf(channel, known), addressing, quota, settings, shards };
  const problem = destinationProblem({ platform, channel: common.channel }, rules);
  if (problem) throw new InvalidMessageError([problem]);
  return rules;
}
