import { Redis } from 'ioredis';
import type { ClusterNode } from './cluster-node.ts';

/**
 * A slot on its way from one master to another, as `redis-cli --cluster reshard` moves it, stopped wherever the caller
 * likes: the source answers ASK for what it has given away, both answer TRYAGAIN for keys that are on both sides.
 */
export interface SlotMove {
  readonly slot: number;
  readonly from: ClusterNode;
  readonly to: ClusterNode;
  /** Moves up to so many keys, all when absent. @returns how many it moved */
  keys(atMost?: number): Promise<number>;
  /** Moves the rest and tells all masters whose the slot is now. @returns how many keys it moved */
  finish(): Promise<number>;
  /** Takes it back: what was moved is moved back, and the slot stays where it was. */
  abandon(): Promise<void>;
}

const BATCH = 100;
const MIGRATE_TIMEOUT_MS = 5_000;

/** @param masters all that are told of the new owner; one that is away learns it from the others */
export async function beginSlotMove(
  slot: number,
  from: ClusterNode,
  to: ClusterNode,
  masters: () => Promise<readonly ClusterNode[]>,
): Promise<SlotMove> {
  await to.redis.cluster('SETSLOT', slot, 'IMPORTING', from.id);
  await from.redis.cluster('SETSLOT', slot, 'MIGRATING', to.id);
  const keys = (atMost?: number): Promise<number> => moveKeys(slot, from, to, atMost);
  return {
    ...{ slot, from, to, keys },
    async finish() {
      const moved = await keys();
      // The new owner first: were it the last to know, the slot would be nobody's meanwhile.
      const rest = (await masters()).filter((node) => node !== to && node !== from);
      for (const { redis } of [to, from, ...rest]) await redis.cluster('SETSLOT', slot, 'NODE', to.id);
      return moved;
    },
    async abandon() {
      await from.redis.cluster('SETSLOT', slot, 'STABLE');
      await moveKeys(slot, to, from);
      await to.redis.cluster('SETSLOT', slot, 'STABLE');
    },
  };
}

/** On a connection of its own: a batch with large keys takes longer than a look may. */
async function moveKeys(
  slot: number,
  from: ClusterNode,
  to: ClusterNode,
  atMost = Number.POSITIVE_INFINITY,
): Promise<number> {
  const redis = new Redis(from.server.url, { maxRetriesPerRequest: 0 });
  redis.on('error', () => {}); // Its command fails, too.
  try {
    let moved = 0;
    while (moved < atMost) {
      const keys = await redis.cluster('GETKEYSINSLOT', slot, Math.min(BATCH, atMost - moved));
      if (keys.length === 0) break;
      const target = ['127.0.0.1', to.server.port, '', 0, MIGRATE_TIMEOUT_MS, 'REPLACE', 'KEYS'] as const;
      await redis.call('MIGRATE', ...target, ...keys);
      moved += keys.length;
    }
    return moved;
  } finally {
    redis.disconnect();
  }
}
