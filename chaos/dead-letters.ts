import type { Redis } from 'ioredis';
import { channelKeys } from '../src/redis/keys.ts';
import { idIn } from '../testing/worker-protocol.ts';
import type { Channel } from './channels.ts';

/** Ids of the messages that have a dead letter: by what the letters carry; what has no name is called after its job. */
export async function deadLettersOf({ name }: Channel, redis: Redis): Promise<Set<string>> {
  const kept = Object.entries(await redis.hgetall(channelKeys(name).deadLetterData));
  return new Set(kept.map(([job, data]) => idIn(data) ?? job));
}
