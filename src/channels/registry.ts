import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { ChannelConfig, QuotaConfig } from '../config/channel-schema.ts';
import { CHANNELS_KEY } from '../redis/keys.ts';
import { MAX_SHARDS } from '../redis/shards.ts';

/**
 * The channel registry, in which workers announce their channels: the hash `herald:channels`, channel → JSON, without
 * expiry, so that a producer can check a message while no worker runs. Public facts only: no credentials, no addresses.
 */
const factsSchema = z.object({
  platform: z.string(),
  /** How a quota channel addresses recipients. */
  addressing: z.string().optional(),
  /** Whether receipts and logs name recipients, and people may see the values that messages are filled with. */
  discloseRecipients: z.boolean().optional(),
  /** Limits and defaults that messages are checked against; absent if announced by an older worker. */
  settings: z.record(z.string(), z.unknown()).optional(),
  quota: z
    .object({
      max: z.number(),
      per: z.union([z.string(), z.object({ ms: z.number() })]),
      timeZone: z.string(),
      boundary: z.string(),
    })
    .nullable(),
  eligibility: z
    .object({
      playedWithinMs: z.number(),
      keepPlaysMs: z.number().optional(),
      whenUnknown: z.enum(['send', 'suppress']).optional(),
    })
    .nullable(),
  rate: z.object({ max: z.number(), perMs: z.number() }).nullable(),
  /** Over how many shards the recipients are spread; absent for one store. */
  shards: z.number().int().min(2).max(MAX_SHARDS).optional(),
  /** The other parameters of admission, with which operators elsewhere can predict the fate of a message. */
  delivery: z
    .object({
      timeoutMs: z.number(),
      attempts: z.number(),
      patienceMs: z.number(),
      quietPeriodMs: z.number(),
      platformDayMs: z.number(),
      onUnknown: z.enum(['confirm', 'keep', 'resend']),
    })
    .optional(),
});

export type ChannelFacts = z.output<typeof factsSchema>;

/** A quota that this version understands. A newer worker may announce others, of which only the existence is used. */
const knownQuota = z.object({
  max: z.literal(1),
  per: z.union([z.enum(['hour', 'day', 'week']), z.object({ ms: z.number() })]),
  timeZone: z.string(),
  boundary: z.enum(['calendar', 'rolling']),
}) satisfies z.ZodType<QuotaConfig>;

/** The announced quota, null without one, undefined if this version does not understand it. */
export const readQuota = ({ quota }: ChannelFacts): QuotaConfig | null | undefined =>
  knownQuota.nullable().safeParse(quota).data;

/** The public part of a channel's configuration. */
export function channelFacts({
  platform,
  addressing,
  announced,
  quota,
  eligibility,
  rate,
  ...channel
}: ChannelConfig): ChannelFacts {
  return {
    platform,
    ...(addressing === undefined ? {} : { addressing }),
    discloseRecipients: channel.discloseRecipients,
    settings: announced,
    quota,
    eligibility: eligibility && {
      playedWithinMs: eligibility.playedWithinMs,
      ...(eligibility.keepPlaysMs !== undefined && { keepPlaysMs: eligibility.keepPlaysMs }),
      whenUnknown: eligibility.whenUnknown,
    },
    rate,
    ...(channel.shards !== undefined && { shards: channel.shards }),
    delivery: {
      timeoutMs: channel.timeoutMs,
      attempts: channel.retry.attempts,
      patienceMs: channel.patienceMs,
      quietPeriodMs: channel.quietPeriodMs,
      platformDayMs: channel.platformDayMs,
      onUnknown: channel.onUnknown,
    },
  };
}

export async function announceChannels(redis: Redis, channels: readonly ChannelConfig[]): Promise<void> {
  if (channels.length === 0) return;
  const facts = channels.map((channel): [string, string] => [
    channel.name,
    JSON.stringify(channelFacts(channel)),
  ]);
  await redis.hset(CHANNELS_KEY, Object.fromEntries(facts));
}

/** @returns whether the channel was announced */
export async function forgetChannel(redis: Redis, channel: string): Promise<boolean> {
  return (await redis.hdel(CHANNELS_KEY, channel)) === 1;
}

/** Reads all announced channels. Skips entries that cannot be parsed (from another version, or edited by hand). */
export async function readChannelRegistry(redis: Redis): Promise<Map<string, ChannelFacts>> {
  const channels = new Map<string, ChannelFacts>();
  for (const [name, text] of Object.entries(await redis.hgetall(CHANNELS_KEY))) {
    const facts = parseFacts(text);
    if (facts) channels.set(name, facts);
  }
  return channels;
}

function parseFacts(text: string): ChannelFacts | undefined {
  try {
    return factsSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

export interface ChannelRegistry {
  /** The announced channels, at most two seconds old. */
  current(): Promise<ReadonlyMap<string, ChannelFacts>>;
  /** As last read, however long ago; undefined before the first time. */
  last(): ReadonlyMap<string, ChannelFacts> | undefined;
}

/** How long a producer caches the registry: after that it knows a new channel, and refuses one that was forgotten. */
export const REGISTRY_FRESH_MS = 2000;

/** Caches the registry: reads it at most once in two seconds, for any number of messages. */
export function cachedChannelRegistry(redis: Redis, clock: Pick<Clock, 'monotonic'>): ChannelRegistry {
  let read: { at: number; channels: Promise<ReadonlyMap<string, ChannelFacts>> } | undefined;
  let last: ReadonlyMap<string, ChannelFacts> | undefined;
  return {
    last: () => last,
    current() {
      const now = clock.monotonic();
      if (read && now - read.at < REGISTRY_FRESH_MS) return read.channels;
      const channels = readChannelRegistry(redis);
      const mine = { at: now, channels };
      read = mine;
      // A failure rejects the calls that wait for it, and is not cached.
      channels.then(
        (found) => {
          last = found;
        },
        () => {
          if (read === mine) read = undefined;
        },
      );
      return channels;
    },
  };
}
