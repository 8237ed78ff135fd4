import type { Redis } from 'ioredis';
import { CHANNELS_KEY } from './keys.ts';
import { MAX_SHARDS } from './shards.ts';

/**
 * The number of shards of each channel, as its workers announced it: the one fact of the channel registry that says where keys are.
 * Undefined for a channel without shards, and for one that was not announced.
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
    return undefined; // As the registry, which skips entries that it cannot read.
  }
}
