import type { Redis } from 'ioredis';
import { CHANNELS_KEY } from './keys.ts';
import { MAX_SHARDS } from './shards.ts';

/**
 * Over how many shards each of the channels is, as its workers announced it: the one fact of the channel registry that says where
 * keys lie. Undefined for one store, and for a channel that nobody announced.
 */
export async function announcedShards(
  directory: Redis,
  channels: readonly string[],
): Promise<(number | undefined)[]> {
  if (channels.length === 0) return [];
  return (await directory.hmget(CHANNELS_KEY, ...channels)).map(shardsIn);
}

function shardsIn(text: string | null): number | undefined {
  try {
    const { shards } = Object(JSON.parse(text ?? 'null')) as { shards?: unknown };
    return Number.isInteger(shards) && Number(shards) > 1 && Number(shards) <= MAX_SHARDS
      ? Number(shards)
      : undefined;
  } catch {
    return undefined; // The registry skips what it cannot read, too.
  }
}
