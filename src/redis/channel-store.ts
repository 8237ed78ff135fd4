import type { Redis } from 'ioredis';
import { type ChannelKeys, channelKeys } from './keys.ts';
import type { Script } from './script.ts';

/** The store of one channel on one connection, which the caller owns and closes. */
export interface ChannelStore {
  readonly channel: string;
  readonly keys: ChannelKeys;
  readonly redis: Redis;
  /** Runs a ledger script with the key prefix of the ledger and the key of the receipts. */
  run(script: Script, args: readonly string[]): Promise<unknown>;
}

export function channelStore(redis: Redis, channel: string): ChannelStore {
  const keys = channelKeys(channel);
  const scripted = [keys.ledger, keys.receipts];
  return { channel, keys, redis, run: (script, args) => script.run(redis, scripted, args) };
}
