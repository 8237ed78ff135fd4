import type { Redis } from 'ioredis';
import { type ChannelStore, channelStore } from './channel-store.ts';
import { disconnect } from './disconnect.ts';
import { hashSlot } from './hash-slot.ts';
import { CHANNELS_KEY, channelKey } from './keys.ts';

/** The connections of one role, by what they reach. On one node it is one connection, in a cluster one per channel. */
export interface Stores {
  /** Reaches the directory: what belongs to no single channel, such as the channel registry and the accounts. */
  readonly directory: Redis;
  /** The store of a channel, or of a shard, by its name, on the connection that reaches it. */
  of(channel: string): ChannelStore;
  /** A connection to every server that accepts writes: the only one, or each master of a cluster. */
  servers(): Promise<readonly Redis[]>;
  /** Closes the connections. */
  disconnect(): void;
}

/** The stores of one node, on a connection that the caller opened. */
export function storesOn(redis: Redis): Stores {
  return {
    directory: redis,
    of: (channel) => channelStore(redis, channel),
    servers: async () => [redis],
    disconnect: () => disconnect(redis),
  };
}

/**
 * The stores of a cluster, with one connection for each hash slot in use: all keys of a store are in one slot.
 * @param open opens the connection to the master of a slot
 * @param firstSlots a slot of each master
 */
export function storesBySlot(open: (slot: number) => Redis, firstSlots: () => Promise<number[]>): Stores {
  const clients = new Map<number, Redis>();
  const reaching = (key: string): Redis => reachingSlot(hashSlot(key));
  function reachingSlot(slot: number): Redis {
    const client = clients.get(slot) ?? open(slot);
    clients.set(slot, client);
    return client;
  }
  return {
    directory: reaching(CHANNELS_KEY),
    of: (channel) => channelStore(reaching(channelKey(channel)), channel),
    servers: async () => (await firstSlots()).map(reachingSlot),
    disconnect() {
      for (const client of clients.values()) disconnect(client);
    },
  };
}
