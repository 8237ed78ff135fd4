import { link, open, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClusterNode } from '../../testing/cluster-node.ts';
import { eventually } from '../../testing/eventually.ts';

/**
 * What a master acknowledged and its replica never got, read from the master's append-only file. The file holds the same
 * bytes as the replication stream: where in the stream it began is known once, and of the replica that took over, how far
 * it had the stream. The server has to write the file before it answers (`appendfsync` other than `everysec`, which puts a write
 * off while the disk is busy), and must put nothing of its own between (pings to replicas).
 */
export interface StreamMark {
  /** Names the stream, of which a replica that takes over says how far it had it. */
  readonly stream: string;
  /** The file, under a name that keeps it when the server begins a new one. */
  readonly file: string;
  /** The offset in the stream at which the file begins. */
  readonly beginsAt: number;
}

/** Options of a server whose file can be read so. */
export const EXACT_FILE = [
  ...['--appendfsync', 'no', '--auto-aof-rewrite-percentage', '0', '--repl-ping-replica-period', '3600'],
];

let marks = 0;

/** Of the file that a server begins with, it forgets to count the part before the commands: another one is begun. */
export async function beginFile(node: Pick<ClusterNode, 'redis'>): Promise<void> {
  await node.redis.bgrewriteaof();
  await fileBegun(node);
}

const fileBegun = ({ redis }: Pick<ClusterNode, 'redis'>): Promise<string> =>
  eventually(
    'an append-only file to be begun',
    () => redis.info('persistence'),
    (info) => /^aof_rewrite_in_progress:0/m.test(info) && /^aof_rewrite_scheduled:0/m.test(info),
  );

/** To be taken of a master while it answers. */
export async function markStream(node: ClusterNode): Promise<StreamMark> {
  await fileBegun(node);
  const { redis, server } = node;
  const dir = join(server.dir, 'appendonlydir');
  const manifest = await readFile(join(dir, 'appendonly.aof.manifest'), 'latin1');
  const files = [...manifest.matchAll(/^file (\S+) seq \d+ type [bi]/gm)].map(([, name = '']) => name);
  const last = files.pop() ?? '';
  const before = await Promise.all(files.map(async (name) => (await stat(join(dir, name))).size));
  const info = await redis.info();
  const written = figure(info, 'aof_current_size') - before.reduce((sum, size) => sum + size, 0);
  marks += 1;
  const file = join(server.dir, `kept-${marks}.aof`);
  await link(join(dir, last), file);
  return {
    ...{ stream: /^master_replid:(\w+)/m.exec(info)?.[1] ?? '', file },
    beginsAt: figure(info, 'master_repl_offset') - written - figure(info, 'aof_buffer_length'),
  };
}

/** The commands that whoever took over never got. To be asked when the former master takes no writes any more. */
export async function lostWrites(
  { stream, file, beginsAt }: StreamMark,
  { redis }: Pick<ClusterNode, 'redis'>,
): Promise<Buffer> {
  const info = await redis.info('replication');
  if (!info.includes(`master_replid2:${stream}`))
    throw new Error('whoever took over did not follow this master');
  const known = figure(info, 'second_repl_offset') - 1 - beginsAt;
  const { size } = await stat(file);
  const lost = Buffer.alloc(Math.max(0, size - known));
  const handle = await open(file);
  try {
    await handle.read(lost, 0, lost.length, known);
  } finally {
    await handle.close();
    await rm(file);
  }
  return lost;
}

const figure = (info: string, name: string): number =>
  Number(new RegExp(`^${name}:(-?\\d+)`, 'm').exec(info)?.[1]);

/** The commands in a piece of the stream, each as its words; one that is cut off at the end is left out. */
export function commandsIn(stream: Buffer): string[][] {
  const commands: string[][] = [];
  let at = 0;
  const number = (): number => {
    const end = stream.indexOf('\r\n', at);
    const value = end < 0 ? Number.NaN : Number(stream.toString('latin1', at + 1, end));
    at = end + 2;
    return value;
  };
  while (at < stream.length) {
    const words: string[] = [];
    for (let left = number(); left > 0; left -= 1) {
      const length = number();
      if (!(at + length + 2 <= stream.length)) return commands;
      words.push(stream.toString('latin1', at, at + length));
      at += length + 2;
    }
    if (words.length === 0) return commands;
    commands.push(words);
  }
  return commands;
}
