import { crc16 } from './hash-slot.ts';

/**
 * The names of the stores of a channel with shards. A channel's name never has a `/`: the store of its shard 3 is `<channel>/3`, and
 * the bare name is its home.
 */

/** The most shards of a channel: each costs a worker its own connections and polling. */
export const MAX_SHARDS = 64;

export const shardName = (channel: string, shard: number): string => `${channel}/${shard}`;

/** The names of the stores that hold the recipients of a channel, by shard; the bare name if it has no shards. */
export const storeNames = (channel: string, shards: number | undefined): string[] =>
  shards === undefined ? [channel] : Array.from({ length: shards }, (_, shard) => shardName(channel, shard));

/** The channel that a store belongs to. */
export const channelOfStore = (store: string): string => store.replace(/\/\d+$/, '');

/** Whether a channel can have a store of this name: a cursor that somebody hands in may name any. */
export function isStoreName(store: string): boolean {
  const channel = channelOfStore(store);
  return store === channel || storeNames(channel, MAX_SHARDS).includes(store);
}

/** Whose slot, plays and records lie in which shard. @param recipient the key that the platform's definition gives it */
export const shardOf = (recipient: string, shards: number): number => crc16(recipient) % shards;

/** The name of the store that holds a recipient. */
export const storeOf = (channel: string, shards: number | undefined, recipient: string): string =>
  shards === undefined ? channel : shardName(channel, shardOf(recipient, shards));
