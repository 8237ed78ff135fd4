import { setTimeout as pause } from 'node:timers/promises';
import { Redis, type RedisOptions } from 'ioredis';
import type { Clock } from '../clock.ts';

/** Which node of a cluster is the master of a hash slot. */
export interface Topology {
  /**
   * Asks known nodes until one answers who serves the slot. Concurrent calls share the answer.
   * @throws the error of the last node that was asked
   */
  masterOf(slot: number): Promise<Address>;
  /** One slot of each master. */
  firstSlots(): Promise<number[]>;
  /** Notes who serves a slot, as a node answered: the next `masterOf` for it asks nobody. */
  learn(slot: number, master: Address): void;
  /** Forgets the last answer, which proved wrong. */
  forget(): void;
}

export interface Address {
  host: string;
  port: number;
}

export interface TopologyOptions {
  /** Asked first. */
  seeds: readonly Address[];
  /** Login and TLS of every node. */
  login: RedisOptions;
  /** Maps an announced address to the one that is reachable from here. */
  translate?: ((announced: Address) => Address) | undefined;
  clock: Pick<Clock, 'monotonic'>;
}

/** How long an answer is shared: connections that were lost together ask once. */
const FRESH_MS = 200;
/** After this time without an answer the next node is asked too, so that a frozen one holds nobody up. */
const NEXT_AFTER_MS = 200;
const TIMEOUT_MS = 2_000;

/** The masters by slot, as one node knows them. */
type Slots = readonly Range[];

interface Range {
  from: number;
  to: number;
  master: Address;
}

interface View {
  slots: Slots;
  /** All nodes, replicas too. */
  nodes: readonly Address[];
  /** Whether the node takes part in the cluster: one that is cut off knows only its former state. */
  takesPart: boolean;
}

export function createTopology({ seeds, login, translate = (at) => at, clock }: TopologyOptions): Topology {
  const known = new Map(seeds.map((seed) => [nameOf(seed), seed]));
  const learned = new Map<number, Address>();
  let latest: { at: number; view: Promise<View> } | undefined;

  /**
   * Forgets nodes that have left the cluster: their addresses may belong to another cluster by now. The node that answered moves to
   * the end of the list, so that one with stale knowledge is not the only one asked.
   */
  function noteAnswer(by: Address, { nodes, takesPart }: View): void {
    const present = new Map([...seeds, ...nodes].map((node) => [nameOf(node), node]));
    if (takesPart && nodes.length > 0)
      for (const name of known.keys()) if (!present.has(name)) known.delete(name);
    for (const [name, node] of present) if (!known.has(name)) known.set(name, node);
    if (known.delete(nameOf(by))) known.set(nameOf(by), by);
  }

  async function lookAround(): Promise<View> {
    const { view, by } = await firstGood([...known.values()], (node) => ask(node, login, translate));
    noteAnswer(by, view);
    return view;
  }

  function current(): Promise<View> {
    const now = clock.monotonic();
    if (latest && now - latest.at < FRESH_MS) return latest.view;
    const mine = { at: Number.POSITIVE_INFINITY, view: lookAround() };
    latest = mine;
    const settled = (): void => {
      mine.at = clock.monotonic();
    };
    mine.view.then(settled, settled);
    return mine.view;
  }

  return {
    async masterOf(slot) {
      const told = learned.get(slot);
      learned.delete(slot);
      if (told) return told;
      const { slots } = await current();
      const range = slots.find(({ from, to }) => from <= slot && slot <= to);
      if (!range) throw new Error(`no node of the cluster serves slot ${slot}`);
      return range.master;
    },
    async firstSlots() {
      const { slots } = await current();
      return [...new Map(slots.map(({ from, master }) => [nameOf(master), from])).values()];
    },
    learn: (slot, master) => void learned.set(slot, translate(master)),
    forget() {
      latest = undefined;
    },
  };
}

const nameOf = ({ host, port }: Address): string => `${host}:${port}`;

interface Answer {
  view: View;
  by: Address;
}

/** Asks one node after another, without waiting for slow ones; prefers an answer of a node that takes part in the cluster. */
async function firstGood(
  nodes: readonly Address[],
  askNode: (node: Address) => Promise<View>,
): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    let open = nodes.length;
    let fallback: Answer | undefined;
    let trouble: unknown;
    let over = false;
    const wakes: (() => void)[] = [];
    function end(): void {
      over = true;
      for (const wake of wakes) wake();
    }
    async function askOne(by: Address): Promise<void> {
      try {
        const view = await askNode(by);
        if (view.takesPart) {
          resolve({ view, by });
          end();
        }
        fallback ??= { view, by };
      } catch (error) {
        trouble = error;
      }
      open -= 1;
      for (const wake of wakes.splice(0)) wake();
      if (open > 0) return;
      if (fallback) resolve(fallback);
      else reject(trouble);
    }
    void (async () => {
      for (const node of nodes) {
        if (over) return;
        void askOne(node);
        const answered = new Promise<void>((wake) => wakes.push(wake));
        await Promise.race([answered, pause(NEXT_AFTER_MS, undefined, { ref: false })]);
      }
    })();
  });
}

async function ask(
  { host, port }: Address,
  login: RedisOptions,
  translate: (announced: Address) => Address,
): Promise<View> {
  const options = {
    ...login,
    ...{ host, port, db: 0, lazyConnect: true, enableReadyCheck: false, replyMapping: 'legacy' },
    ...{ connectTimeout: TIMEOUT_MS, commandTimeout: TIMEOUT_MS, maxRetriesPerRequest: 0 },
    retryStrategy: () => null,
  } as const satisfies RedisOptions;
  const redis = new Redis(options);
  let lastError: Error | undefined;
  redis.on('error', (error: Error) => {
    lastError = error;
  });
  try {
    const [slots, info] = await Promise.all([
      redis.cluster('SLOTS'),
      redis.cluster('INFO').catch(() => 'cluster_state:unknown'),
    ]);
    return { ...readSlots(slots, host, translate), takesPart: !/^cluster_state:fail/m.test(String(info)) };
  } catch (error) {
    throw lastError ?? error;
  } finally {
    redis.disconnect();
  }
}

type SlotEntry = readonly [from: number, to: number, ...nodes: NodeEntry[]];
type NodeEntry = readonly [host: string | null, port: number, ...rest: unknown[]];

/** A node that announces no address has that of the node that was asked. */
function readSlots(
  reply: unknown,
  asked: string,
  translate: (announced: Address) => Address,
): Pick<View, 'slots' | 'nodes'> {
  const addressOf = ([host, port]: NodeEntry): Address =>
    translate({ host: host && host !== '?' ? host : asked, port: Number(port) });
  const entries = reply as SlotEntry[];
  return {
    slots: entries.map(([from, to, master]) => ({ from, to, master: addressOf(master!) })),
    nodes: entries.flatMap(([, , ...nodes]) => nodes.map(addressOf)),
  };
}
