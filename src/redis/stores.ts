import type { Redis } from 'ioredis';
import { type ChannelStore, channelStore } from './channel-store.ts';

/** The connections of one role, found by what they reach. On one node they are one connection. */
export interface Stores {
  /** Reaches the directory: what is of no single channel, such as the registry of channels and the accounts. */
  readonly directory: Redis;
  /** A channel's part of the store, on the connection that reaches it. */
  of(channel: string): ChannelStore;
  /** Closes the connections. */
  disconnect(): void;
}

/** The stores of one node, on a connection that the caller opened. */
export function storesOn(redis: Redis): Stores {
  return {
    directory: redis,
    of: (channel) => channelStore(redis, channel),
    disconnect: () => redis.disconnect(),
  };
}
