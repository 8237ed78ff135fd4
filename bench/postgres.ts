import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chown } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { freePort } from '../src/sandbox/free-port.ts';
import { eventually } from '../testing/eventually.ts';
import { startOwnProcess } from '../testing/own-process.ts';

/** A PostgreSQL of the bench's own, where its programs are on the machine. */
export interface PostgresServer {
  url: string;
  /** Of the server and all of its processes; NaN outside Linux. */
  cpuSeconds(): Promise<number>;
  stop(): Promise<void>;
}

const DEBIAN = '/usr/lib/postgresql';

/** The folder with `postgres` and `initdb`, on the PATH or where Debian puts it. */
function binaries(): string | undefined {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    ...versions.map((version) => join(DEBIAN, version, 'bin')),
  ];
  return folders.find((folder) => ['postgres', 'initdb'].every((name) => existsSync(join(folder, name))));
}

/** Undefined where there is none. */
export function postgresVersion(): string | undefined {
  const folder = binaries();
  if (folder === undefined) return undefined;
  const text = execFileSync(join(folder, 'postgres'), ['--version'], { encoding: 'utf8' });
  return /\d+(\.\d+)*/.exec(text)?.[0];
}

/** PostgreSQL refuses to run as root: then it runs as the user of its package, or as nobody. */
function account(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const user = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody');
  return { uid: Number(user?.[2]), gid: Number(user?.[3]) };
}

/** Commits are not waited for on the disk, as Redis' are not. */
const SETTINGS = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  shared_buffers: '256MB',
};

/** @throws Error where no PostgreSQL is on the machine */
export async function startPostgres(): Promise<PostgresServer> {
  const folder = binaries();
  if (folder === undefined) throw new Error('no PostgreSQL on this machine');
  const port = await freePort();
  // SIGQUIT: at once, since its data are deleted.
  const { child, stop } = await startOwnProcess('postgres', (dir) => launch(folder, dir, port), 'SIGQUIT');
  const url = `postgres://bench@127.0.0.1:${port}/postgres`;
  await eventually('PostgreSQL to answer', () => answers(url, child));
  return { url, cpuSeconds: async () => cpuSeconds(child.pid as number), stop };
}

/** In a session of its own: an interrupt typed at the terminal reaches only the bench, whose end the reaper sees. */
async function launch(folder: string, dir: string, port: number): Promise<ChildProcess> {
  const owner = account();
  if (owner.uid !== undefined) await chown(dir, owner.uid, owner.gid as number);
  const initdb = ['-D', dir, '-U', 'bench', '-A', 'trust', '-E', 'UTF8', '--no-sync'];
  await promisify(execFile)(join(folder, 'initdb'), initdb, { ...owner, cwd: dir });
  const where = ['-D', dir, '-p', `${port}`, '-h', '127.0.0.1', '-k', dir];
  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const started = { ...owner, cwd: dir, stdio: 'ignore', detached: true } as const;
  return spawn(join(folder, 'postgres'), [...where, ...settings], started);
}

async function answers(url: string, { exitCode }: ChildProcess): Promise<boolean> {
  if (exitCode !== null) throw new Error(`PostgreSQL ended with ${exitCode}`);
  const client = new pg.Client(url);
  await client.connect();
  await client.end();
  return true;
}

/** Its own time, that of the processes that it waited for, and that of those which run. */
function cpuSeconds(pid: number): number {
  if (process.platform !== 'linux') return Number.NaN;
  const ticks = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .reduce((sum, name) => sum + ticksOf(name, pid), 0);
  return ticks / TICKS_A_SECOND;
}

/** Linux' USER_HZ, which is 100 on every architecture that Node runs on. */
const TICKS_A_SECOND = 100;
/** Positions in /proc/<pid>/stat, counted after the program's name. */
const [PARENT, FIRST_TIME] = [1, 11];

function ticksOf(process: string, server: number): number {
  let text: string;
  try {
    text = readFileSync(`/proc/${process}/stat`, 'utf8');
  } catch {
    return 0; // It ended meanwhile.
  }
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [user, system, childUser, childSystem] = fields.slice(FIRST_TIME, FIRST_TIME + 4) as number[];
  if (Number(process) === server) return user! + system! + childUser! + childSystem!;
  return fields[PARENT] === server ? user! + system! : 0;
}
