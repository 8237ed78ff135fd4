import type { Redis } from 'ioredis';
import { unreachable } from './connection-errors.ts';
import { ClusterNodeError, isMoved } from './errors.ts';

/** Detects a plain address that is one of several nodes of a cluster: most keys are elsewhere, whoever asks for them is sent there. */

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

/** A user who may not ask, or a connection that is lost, learns it from what comes next. */
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

/** What an answer of this connection says of where it leads: a RedisUnreachableError for a key that another node has. */
export const misdirected = (redis: Redis, answer: unknown): Error | undefined =>
  isPlain(redis) && isMoved(answer) ? unreachable(redis, new ClusterNodeError()) : undefined;
