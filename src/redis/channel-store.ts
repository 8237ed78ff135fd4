import type { Redis } from 'ioredis';
import { type ChannelKeys, channelKeys } from './keys.ts';
import type { Script } from './script.ts';
import { channelOfStore } from './shards.ts';

/** The store of one channel, or of one of its shards, on one connection, which the caller owns and closes. */
export interface ChannelStore {
  /** What its messages are said to be of. */
  readonly channel: string;
  /** What its keys are named after: the channel's name, or `<channel>/<shard>`. */
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
