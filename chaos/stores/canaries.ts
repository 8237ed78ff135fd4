import type { Clock } from '../../src/clock.ts';
import type { ClusterNode } from '../../testing/cluster-node.ts';
import type { RedisCluster } from '../../testing/own-cluster.ts';

/**
 * Writes the time to each of the masters, again and again: of a replica that took over it tells from when on it has not got
 * what its master was told.
 */
export interface Canary {
  /** In a slot that no channel has: it stays with the master's other slots. */
  readonly key: string;
  /** Nothing is written until `sing`. */
  hush(): void;
  sing(master: ClusterNode): void;
  /** The instant of the last write that this node knows. */
  known(node: ClusterNode): Promise<number>;
}

const EVERY_MS = 20;

export interface Canaries {
  /** Of each master one. */
  readonly all: readonly Canary[];
  stop(): void;
}

/** @param taken keys whose slots may move */
export async function startCanaries(
  cluster: RedisCluster,
  taken: readonly string[],
  clock: Pick<Clock, 'now'>,
): Promise<Canaries> {
  const movable = new Set(await Promise.all(taken.map((key) => cluster.slotOf(key))));
  const masters = await cluster.masters();
  const singing = new Map<string, ClusterNode>();
  const all: Canary[] = [];
  for (let number = 0; singing.size < masters.length; number += 1) {
    const key = `chaos:canary:${number}`;
    const master = await cluster.masterOf(key);
    if ([...singing.values()].includes(master) || movable.has(await cluster.slotOf(key))) continue;
    singing.set(key, master);
    all.push({
      key,
      hush: () => void singing.delete(key),
      sing: (node) => void singing.set(key, node),
      known: async ({ redis }) => Number(await redis.get(key)),
    });
  }
  const timer = setInterval(() => {
    for (const [key, { redis }] of singing) redis.set(key, clock.now()).catch(() => {});
  }, EVERY_MS);
  return { all, stop: () => clearInterval(timer) };
}
