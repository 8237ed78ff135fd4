import { crc16 } from './hash-slot.ts';

/**
 * The stores of a channel over shards. A channel's name never has a `/`: the store of its shard 3 is named `<channel>/3`, and
 * the bare name stands for its home.
 */

/** The most shards of a channel: each costs a worker connections and polling of its own. */
export const MAX_SHARDS = 64;

export const shardName = (channel: string, shard: number): string => `${channel}/${shard}`;

/** The names of the stores that hold the recipients of a channel, by shard; its bare name where it has none. */
export const storeNames = (channel: string, shards: number | undefined): string[] =>
  shards === undefined ? [channel] : Array.from({ length: shards }, (_, shard) => shardName(channel, shard));

/** The channel that a store belongs to. */
export const channelOfStore = (store: string): string => store.replace(/\/\d+$/, '');

/** Whose slot, plays and records lie in which shard. @param recipient the key that the platform's definition gives it */
export const shardOf = (recipient: string, shards: number): number => crc16(recipient) % shards;

/** The name of the store that holds a recipient. */
export const storeOf = (channel: string, shards: number | undefined, recipient: string): string =>
  shards === undefined ? channel : shardName(channel, shardOf(recipient, shards));
