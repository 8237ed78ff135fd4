import type { ChannelFacts } from '../channels/registry.ts';
import { UnknownChannelError } from './errors.ts';

/** A channel that the caller declares to exist although no worker has announced it yet. */
export interface ListedChannel {
  name: string;
  platform: string;
  /** As configured, if the channel has shards: plays are then recorded where its workers will look for them. */
  shards?: number | undefined;
}

/** The channels that a producer accepts messages for; no worker reads the queue of any other. */
export interface KnownChannels {
  announced: ReadonlyMap<string, ChannelFacts>;
  /** By name; empty if the caller gave only the name. */
  listed: ReadonlyMap<string, Partial<ListedChannel>>;
}

export const listChannels = (channels: readonly (string | ListedChannel)[]): KnownChannels['listed'] =>
  new Map(channels.map((channel) => (typeof channel === 'string' ? [channel, {}] : [channel.name, channel])));

/** The platform of a channel; undefined if neither announced nor listed with one. */
export const platformOf = (channel: string, { announced, listed }: KnownChannels): string | undefined =>
  announced.get(channel)?.platform ?? listed.get(channel)?.platform;

/** @param named whether the message names the channel; otherwise it is the default one, named like the platform */
export function unknownChannel(
  { channel, platform, named }: { channel: string; platform: string; named: boolean },
  known: KnownChannels,
): UnknownChannelError | undefined {
  if (known.announced.has(channel) || known.listed.has(channel)) return undefined;
  const which = named ? '' : `, the default of ${platform} messages`;
  const candidates = [...new Set([...known.announced.keys(), ...known.listed.keys()])]
    .filter((name) => platformOf(name, known) === platform)
    .sort();
  return new UnknownChannelError(channel, { which, candidates, advise: (names) => advice(platform, names) });
}

/** The number of channels that an error lists; more would not help. */
const MAX_NAMED = 5;

function advice(platform: string, candidates: readonly string[]): string | undefined {
  const names = candidates.map((name) => JSON.stringify(name));
  if (names.length === 0) return undefined;
  if (names.length === 1) return `The only channel of ${platform} is ${names[0]}: set channel to it.`;
  const more = names.length > MAX_NAMED ? ' and more' : '';
  return `${platform} has the channels ${names.slice(0, MAX_NAMED).join(', ')}${more}: set channel to one of them.`;
}
