import type { Redis } from 'ioredis';
import { type ChannelKeys, channelKeys } from './keys.ts';
import type { Script } from './script.ts';

/** What one channel has in Redis, reached by one connection: that connection's owner closes it. */
export interface ChannelStore {
  readonly channel: string;
  readonly keys: ChannelKeys;
  readonly redis: Redis;
  /** Runs a script of the ledger, which is given the ledger's key and the one of the receipts. */
  run(script: Script, args: readonly string[]): Promise<unknown>;
}

export function channelStore(redis: Redis, channel: string): ChannelStore {
  const keys = channelKeys(channel);
  const scripted = [keys.ledger, keys.receipts];
  return { channel, keys, redis, run: (script, args) => script.run(redis, scripted, args) };
}
