import type { Redis } from 'ioredis';
import { channelKeys } from '../src/redis/keys.ts';
import { idIn } from '../testing/worker-protocol.ts';
import { type Channel, storesOf } from './channels.ts';

/** Ids of the messages that have a dead letter: by what the letters carry; what has no name is called after its job. */
export async function deadLettersOf(
  channel: Channel,
  store: { of(store: string): Redis },
): Promise<Set<string>> {
  const all = storesOf(channel).map(async (name) => {
    const kept = Object.entries(await store.of(name).hgetall(channelKeys(name).deadLetterData));
    return kept.map(([job, data]) => idIn(data) ?? job);
  });
  return new Set((await Promise.all(all)).flat());
}
