import type { Redis } from 'ioredis';
import { type ChannelKeys, channelKeys } from './keys.ts';
import type { Script } from './script.ts';
import { channelOfStore } from './shards.ts';

/** The keys of one channel, or of one of its shards, and the connection that reaches them; the caller owns and closes it. */
export interface ChannelStore {
  /** The channel that its messages belong to. */
  readonly channel: string;
  /** The name in its keys: the channel's, or `<channel>/<shard>`. */
  readonly name: string;
  readonly keys: ChannelKeys;
  readonly redis: Redis;
  /** Runs a ledger script with the key prefix of the ledger and the key of the receipts. */
  run(script: Script, args: readonly string[]): Promise<unknown>;
}

/** @param name of the store, see shards.ts */
export function channelStore(redis: Redis, name: string): ChannelStore {
  const keys = channelKeys(name);
  const scripted = [keys.ledger, keys.receipts];
  const channel = channelOfStore(name);
  return { channel, name, keys, redis, run: (script, args) => script.run(redis, scripted, args) };
}
