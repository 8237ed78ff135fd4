import type { Redis } from 'ioredis';
import { unreachable } from './connection-errors.ts';
import { ClusterNodeError, isMoved } from './errors.ts';

/** Detects a plain address that is one of several nodes of a cluster: most keys are on others, and commands for them answer MOVED. */

const SLOTS = 16_384;

/** A connection with a connector of its own finds the master of its slot. */
const isPlain = ({ options }: Redis): boolean => options.Connector === undefined;

/**
 * Call on a connection that is ready.
 * @throws RedisUnreachableError for a node of a cluster, unless it is its only master
 */
export async function checkNode(redis: Redis): Promise<void> {
  if (isPlain(redis) && (await isOneOfSeveral(redis))) throw unreachable(redis, new ClusterNodeError());
}

/** False also if the user may not ask or the connection is lost: the next command fails then. */
async function isOneOfSeveral(redis: Redis): Promise<boolean> {
  try {
    if (!/^cluster_enabled:1/m.test(await redis.info('cluster'))) return false;
    const [id, ranges] = await Promise.all([redis.cluster('MYID'), redis.cluster('SLOTS')]);
    return slotsOf(String(id), ranges) < SLOTS;
  } catch {
    return false;
  }
}

type SlotRange = readonly [
  from: number,
  to: number,
  ...nodes: (readonly [host: string, port: number, id: string, ...unknown[]])[],
];

const slotsOf = (node: string, ranges: readonly SlotRange[]): number =>
  ranges
    .filter(([, , master]) => master?.[2] === node)
    .reduce((slots, [from, to]) => slots + to - from + 1, 0);

/** The RedisUnreachableError for an answer which shows that another node has the key; undefined for any other answer. */
export const misdirected = (redis: Redis, answer: unknown): Error | undefined =>
  isPlain(redis) && isMoved(answer) ? unreachable(redis, new ClusterNodeError()) : undefined;
