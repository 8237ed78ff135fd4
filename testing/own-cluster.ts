import { type ClusterNode, type NodeLine, nodeLines, serves, startNode } from './cluster-node.ts';
import { eventually } from './eventually.ts';
import { beginSlotMove, type SlotMove } from './slot-move.ts';

/** A Redis Cluster on the loopback, each node a process of its own: what a cluster does to its clients, it really does. */
export interface RedisCluster {
  /** Of all nodes, as a client is given them. */
  readonly urls: readonly string[];
  readonly nodes: readonly ClusterNode[];
  /** Nodes that run and say of themselves that they are masters with slots. */
  masters(): Promise<ClusterNode[]>;
  slotOf(key: string): Promise<number>;
  /**
   * Whoever serves the slot by what the nodes say of themselves.
   * @param slot or a key in it
   * @throws Error where nobody who runs does
   */
  masterOf(slot: number | string): Promise<ClusterNode>;
  /** The running replicas of a node. */
  replicasOf(master: ClusterNode): Promise<ClusterNode[]>;
  /** Resolves with the new master once another node than this one serves the slot, and takes writes. */
  failedOver(slot: number | string, from: ClusterNode): Promise<ClusterNode>;
  /** `CLUSTER FAILOVER` at a replica; resolves when it is the master. Nothing is lost by it, unlike by a kill. */
  promote(replica: ClusterNode): Promise<void>;
  /** From its master, which stays in charge until `finish`. */
  beginMove(slot: number | string, to: ClusterNode): Promise<SlotMove>;
  /** The whole move. @returns how many keys were moved */
  moveSlot(slot: number | string, to: ClusterNode): Promise<number>;
  /** Resolves when every node runs, knows all slots to be served, and every replica follows its master. */
  whole(): Promise<void>;
  /** May be called twice. */
  close(): Promise<void>;
}

export interface ClusterOptions {
  /** Default: 3. */
  masters?: number;
  /** Of each master. Default: 1. */
  replicas?: number;
  /** After so long without an answer a node counts as failing. Milliseconds. */
  nodeTimeoutMs?: number;
  /** A faulty proxy in front of each node, whose address is the one that the cluster announces. */
  proxied?: boolean;
  /** More arguments for every server, as on its command line. */
  args?: readonly string[];
}

const SLOTS = 16_384;
/** A busy machine must not take a node that is only slow for a dead one. */
const NODE_TIMEOUT_MS = 1_500;

export async function startCluster(options: ClusterOptions = {}): Promise<RedisCluster> {
  const { masters = 3, replicas = 1, nodeTimeoutMs = NODE_TIMEOUT_MS, proxied = false, args = [] } = options;
  const nodes: ClusterNode[] = [];
  const close = async (): Promise<void> => void (await Promise.all(nodes.map((node) => node.close())));
  const starting = Array.from({ length: masters * (1 + replicas) }, (_, number) =>
    startNode(number, { nodeTimeoutMs, proxied, args }),
  );
  try {
    for (const started of await Promise.allSettled(starting))
      if (started.status === 'fulfilled') nodes.push(started.value);
    await Promise.all(starting);
    await join(nodes, masters);
    const cluster = handle(nodes, close);
    await cluster.whole();
    return cluster;
  } catch (error) {
    await close();
    throw error;
  }
}

/** The first so many become masters with equal parts of the slots, the others their replicas in turn. */
async function join(nodes: readonly ClusterNode[], masters: number): Promise<void> {
  const [first, ...others] = nodes as [ClusterNode, ...ClusterNode[]];
  await Promise.all(nodes.map(({ redis }, i) => redis.cluster('SET-CONFIG-EPOCH', i + 1)));
  await Promise.all(
    nodes.slice(0, masters).map(({ redis }, i) => {
      const [from, to] = [i, i + 1].map((part) => Math.round((part * SLOTS) / masters)) as [number, number];
      return redis.cluster('ADDSLOTSRANGE', from, to - 1);
    }),
  );
  const [, gossip = ''] = /@(\d+)/.exec(String(await first.redis.cluster('NODES'))) ?? [];
  for (const { redis } of others) await redis.call('CLUSTER', 'MEET', '127.0.0.1', first.server.port, gossip);
  await Promise.all(
    nodes.slice(masters).map(async ({ redis }, i) => {
      const { id } = nodes[i % masters] as ClusterNode;
      // It knows its master only once they have met.
      await eventually('a node to become a replica', () => redis.cluster('REPLICATE', id));
    }),
  );
}

function handle(nodes: readonly ClusterNode[], close: RedisCluster['close']): RedisCluster {
  const running = (): ClusterNode[] => nodes.filter(({ state }) => state === 'running');

  async function claims() {
    const asked = running().map(async (node) => ({ node, self: await node.self() }));
    const answers = await Promise.allSettled(asked);
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  }

  async function slotOf(key: string): Promise<number> {
    const [asked] = running();
    if (!asked) throw new Error('no node of the cluster runs');
    return await asked.redis.cluster('KEYSLOT', key);
  }
  const numbered = async (slot: number | string): Promise<number> =>
    typeof slot === 'number' ? slot : await slotOf(slot);

  const masters = async (): Promise<ClusterNode[]> =>
    (await claims())
      .filter(({ self }) => self.flags.has('master') && self.slots.length > 0)
      .map(({ node }) => node);

  async function masterOf(slot: number | string): Promise<ClusterNode> {
    const number = await numbered(slot);
    const claimed = (await claims()).filter(({ self }) => serves(self, number));
    // A former master that was away claims its slots until it is told.
    const [newest] = claimed.toSorted((a, b) => b.self.epoch - a.self.epoch);
    if (!newest) throw new Error(`no running node serves slot ${number}`);
    return newest.node;
  }

  async function beginMove(slot: number | string, to: ClusterNode): Promise<SlotMove> {
    return await beginSlotMove(await numbered(slot), await masterOf(slot), to, masters);
  }

  return {
    ...{ nodes, masters, masterOf, slotOf, beginMove, close },
    urls: nodes.map(({ url }) => url),
    async replicasOf({ id }) {
      return (await claims()).filter(({ self }) => self.master === id).map(({ node }) => node);
    },
    failedOver: async (slot, from) =>
      await eventually(
        'a failover',
        async () => {
          const master = await masterOf(slot);
          return { master, ok: master !== from && (await isOk(master)) };
        },
        ({ ok }) => ok,
      ).then(({ master }) => master),
    async promote(replica) {
      const { master: formerId } = await replica.self();
      const former = nodes.find(({ id }) => id === formerId);
      const holds = async (): Promise<boolean> => {
        // Refused, or given up after some time, where the replica is not in step with its master.
        if (!(await replica.self()).flags.has('master')) await replica.redis.cluster('FAILOVER');
        const follows = former?.state !== 'running' || (await former.self()).master === replica.id;
        return follows && (await replica.self()).flags.has('master');
      };
      await eventually('a replica to be promoted', holds, Boolean, { everyMs: 100 });
    },
    async moveSlot(slot, to) {
      const move = await beginMove(slot, to);
      return await move.finish();
    },
    whole: async () =>
      void (await eventually('the cluster to be whole', async () => {
        const views = await Promise.all(nodes.map(viewOf));
        return views[0] !== undefined && views.every((view) => view === views[0]);
      })),
  };

  /** What a node that is well knows of all nodes. */
  async function viewOf(node: ClusterNode): Promise<string | undefined> {
    if (node.state !== 'running' || !(await isOk(node))) return undefined;
    const lines = await nodeLines(node.redis);
    const replication = await node.redis.info('replication');
    const inStep = /^role:master/m.test(replication) || /^master_link_status:up/m.test(replication);
    if (!inStep || lines.length !== nodes.length || lines.some(isUnsound)) return undefined;
    return lines
      .map(({ id, master, slots }) => `${id} ${master} ${slots.join()}`)
      .toSorted()
      .join('\n');
  }
}

const UNSOUND = ['fail', 'fail?', 'handshake', 'noaddr'];
const isUnsound = ({ flags, master }: NodeLine): boolean =>
  UNSOUND.some((flag) => flags.has(flag)) || flags.has('master') !== (master === undefined);

/** It serves, and by what it knows all slots are served. */
const isOk = async ({ redis }: ClusterNode): Promise<boolean> =>
  /^cluster_state:ok/m.test(String(await redis.cluster('INFO')));
