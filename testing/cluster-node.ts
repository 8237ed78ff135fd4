import { Redis } from 'ioredis';
import { freePort } from '../src/sandbox/free-port.ts';
import { type RedisServer, startRedis } from '../src/sandbox/index.ts';
import { type FaultyProxy, openFaultyProxy } from './faulty-proxy.ts';

/** One server of a test cluster. */
export interface ClusterNode {
  readonly number: number;
  /** Its id in the cluster, which restarts do not change. */
  readonly id: string;
  readonly server: RedisServer;
  /** For inspection and for commands to this very node, past its proxy. A command gives up after a second. */
  readonly redis: Redis;
  /** Carries all traffic of clients and replicas; the nodes' gossip goes past it. */
  readonly proxy: FaultyProxy | undefined;
  /** The URL that the cluster announces to clients. */
  readonly url: string;
  readonly state: 'running' | 'frozen' | 'killed';
  /** What it says of itself. */
  self(): Promise<NodeLine>;
  /** `kill -9`. */
  kill(): Promise<void>;
  /** Starts it again on its data: as a master if no node took its place, else as a replica. */
  restart(): Promise<void>;
  /** SIGSTOP: its sockets stay open, and nothing answers. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  close(): Promise<void>;
}

/** A line of `CLUSTER NODES`. */
export interface NodeLine {
  id: string;
  flags: ReadonlySet<string>;
  /** The id of its master; absent for a master. */
  master: string | undefined;
  /** If two nodes claim the same slot, the one with the higher epoch has it. */
  epoch: number;
  slots: readonly (readonly [first: number, last: number])[];
}

export interface NodeOptions {
  nodeTimeoutMs: number;
  proxied: boolean;
  args: readonly string[];
}

const COMMAND_TIMEOUT_MS = 1_000;
const START_TRIES = 5;

export async function startNode(number: number, options: NodeOptions): Promise<ClusterNode> {
  // Its address is announced from the start, so it is opened before there is anything behind it.
  const proxy = options.proxied ? await openFaultyProxy(0) : undefined;
  const server = await startServer(options, proxy);
  proxy?.redirect(server.port);
  const redis = new Redis(server.url, {
    ...{ maxRetriesPerRequest: null, retryStrategy: () => 50, commandTimeout: COMMAND_TIMEOUT_MS },
  });
  redis.on('error', () => {}); // It is killed and frozen by those who look.
  const id = String(await redis.cluster('MYID'));
  let state: ClusterNode['state'] = 'running';
  return {
    ...{ number, id, server, redis, proxy },
    url: `redis://127.0.0.1:${proxy?.port ?? server.port}`,
    get state() {
      return state;
    },
    async self() {
      const lines = await nodeLines(redis);
      return lines.find(({ flags }) => flags.has('myself')) as NodeLine;
    },
    async kill() {
      state = 'killed';
      await server.kill();
    },
    async restart() {
      await server.restart();
      state = 'running';
    },
    async freeze() {
      state = 'frozen';
      await server.kill('SIGSTOP');
    },
    async thaw() {
      await server.kill('SIGCONT');
      state = 'running';
    },
    async close() {
      redis.disconnect();
      await server.stop();
      await proxy?.close();
    },
  };
}

/** The port of the nodes' gossip may be taken by another process before it is used: then with another one. */
async function startServer(options: NodeOptions, proxy: FaultyProxy | undefined): Promise<RedisServer> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await startRedis({ appendonly: true, args: [...(await argsOf(options)), ...announced(proxy)] });
    } catch (error) {
      if (tries < START_TRIES) continue;
      await proxy?.close();
      throw error;
    }
  }
}

const argsOf = async ({ nodeTimeoutMs, args }: NodeOptions): Promise<string[]> => [
  ...['--cluster-enabled', 'yes', '--cluster-port', `${await freePort()}`],
  ...['--cluster-node-timeout', `${nodeTimeoutMs}`, '--cluster-allow-replica-migration', 'no'],
  ...['--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1', ...args],
];

const announced = (proxy: FaultyProxy | undefined): string[] =>
  proxy ? ['--cluster-announce-ip', '127.0.0.1', '--cluster-announce-port', `${proxy.port}`] : [];

/** The cluster as a node sees it. */
export async function nodeLines(redis: Redis): Promise<NodeLine[]> {
  const text = String(await redis.cluster('NODES'));
  return text.trim().split('\n').map(parseLine);
}

function parseLine(line: string): NodeLine {
  const [id = '', , flags = '', master = '-', , , epoch = '0', , ...slots] = line.split(' ');
  return {
    ...{ id, flags: new Set(flags.split(',')), epoch: Number(epoch) },
    master: master === '-' ? undefined : master,
    // Slots in brackets are being moved; their owner is among the other ranges.
    slots: slots.filter((range) => !range.startsWith('[')).map(parseRange),
  };
}

function parseRange(range: string): readonly [number, number] {
  const [first = 0, last = first] = range.split('-').map(Number);
  return [first, last];
}

export const serves = ({ flags, slots }: NodeLine, slot: number): boolean =>
  flags.has('master') && slots.some(([first, last]) => first <= slot && slot <= last);
