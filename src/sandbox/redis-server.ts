import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { HeraldError } from '../error.ts';
import { type FreePort, reservePort } from './free-port.ts';
import { type Reaper, startReaper } from './reaper.ts';
import { answersAs } from './redis-probe.ts';

const PROGRAMS = ['redis-server', 'valkey-server'] as const;
/** Only for one that hangs: on a busy machine it starts slowly, and what waits here has no more patience to add. */
const START_TIMEOUT_MS = 60_000;
const PORT_TRIES = 5;

export interface RedisOptions {
  /** `true` keeps the data through `kill` and `restart` (AOF, synced every second). Default `false`. */
  appendonly?: boolean;
  /** A free one when absent. */
  port?: number;
  /** More arguments for the server, as on its command line: `['--appendfsync', 'always']`. */
  args?: readonly string[];
}

/** A private Redis on the loopback. It ends with the process that started it, however that one ends. */
export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** The server's process; another one after `restart`. */
  readonly pid: number;
  /** Its data, deleted by `stop`. */
  readonly dir: string;
  /** Ends the server and deletes its data. May be called twice. */
  stop(): Promise<void>;
  /** Sends the signal (default SIGKILL) and waits for the end; SIGSTOP and SIGCONT are only sent. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Ends the server if it runs and starts it again on the same port and data. */
  restart(): Promise<void>;
}

/** Neither `redis-server` nor `valkey-server` is on the PATH. */
export class RedisNotFoundError extends HeraldError {
  override readonly name = 'RedisNotFoundError';
  readonly code = 'HERALD_REDIS_NOT_FOUND';
  constructor() {
    super(`none of ${PROGRAMS.join(', ')} is on the PATH`);
  }
}

/** The server did not come up; `message` ends with what it said. */
export class RedisStartError extends HeraldError {
  override readonly name = 'RedisStartError';
  readonly code = 'HERALD_REDIS_START';
}

class PortTakenError extends RedisStartError {}

/**
 * Starts a Redis for tests and demonstrations and resolves once it answers.
 * Throws RedisNotFoundError or RedisStartError.
 */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const dir = await mkdtemp(join(tmpdir(), 'herald-redis-'));
  const reaper = startReaper(dir);
  const launch = (port: number) => launchServer(dir, port, options, reaper);
  try {
    const { child, port, release } = await onFreePort(options.port, launch);
    return handle(dir, port, child, launch, () => {
      release();
      reaper.release();
    });
  } catch (error) {
    reaper.release();
    await rm(dir, { recursive: true, force: true });
    throw error;
  }
}

type RunningChild = ChildProcess & { readonly pid: number };
type Launch = (port: number) => Promise<RunningChild>;

function handle(
  dir: string,
  port: number,
  first: RunningChild,
  launch: Launch,
  release: () => void,
): RedisServer {
  let child = first;
  let stopped = false;
  let restarting = Promise.resolve();
  const kill = async (signal: NodeJS.Signals = 'SIGKILL') => {
    if (hasEnded(child)) return;
    const lasts = signal === 'SIGSTOP' || signal === 'SIGCONT';
    const ended = lasts ? undefined : once(child, 'exit');
    // Its end is waited for, if need be by nothing else.
    child.ref();
    child.kill(signal);
    // A frozen server takes a signal other than SIGKILL only once it runs again.
    if (!lasts) child.kill('SIGCONT');
    await ended;
  };
  const restart = async () => {
    if (!stopped) await kill('SIGTERM');
    if (stopped) throw new RedisStartError('the server was stopped for good');
    child = await launch(port);
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    dir,
    get pid() {
      return child.pid;
    },
    kill,
    stop: async () => {
      stopped = true;
      await kill();
      // A restart that was in progress may bring up one more.
      await restarting.catch(() => {});
      await kill();
      release();
      await rm(dir, { recursive: true, force: true });
    },
    restart: () => {
      restarting = restart();
      return restarting;
    },
  };
}

/** Who does not ask for free ports here may take this one before it is used: then another one serves. */
async function onFreePort(wanted: number | undefined, launch: Launch) {
  for (let tries = 1; ; tries += 1) {
    const { port, release }: FreePort =
      wanted === undefined ? await reservePort() : { port: wanted, release() {} };
    try {
      return { child: await launch(port), port, release };
    } catch (error) {
      release();
      if (!(error instanceof PortTakenError) || wanted !== undefined || tries === PORT_TRIES) throw error;
    }
  }
}

async function launchServer(
  dir: string,
  port: number,
  options: RedisOptions,
  reaper: Reaper,
): Promise<RunningChild> {
  const log = join(dir, 'server.log');
  const child = await spawnServer(dir, log, [
    ...['--port', `${port}`, '--bind', '127.0.0.1', '--dir', dir, '--save', ''],
    ...['--appendonly', options.appendonly === true ? 'yes' : 'no', ...(options.args ?? [])],
  ]);
  reaper.watch(child.pid);
  child.once('exit', () => reaper.watch(undefined));
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (!(await answersAs(port, child.pid))) {
    if (hasEnded(child)) throw await startError(log, port);
    if (performance.now() > deadline) {
      child.kill('SIGKILL');
      throw new RedisStartError(
        `no answer on port ${port} within ${START_TIMEOUT_MS} ms: ${await lastWords(log)}`,
      );
    }
    await pause(10);
  }
  return child;
}

/** In a session of its own, so that an interrupt typed at the terminal reaches only the process that owns it. */
async function spawnServer(dir: string, log: string, args: string[]): Promise<RunningChild> {
  for (const program of PROGRAMS) {
    const output = await open(log, 'w');
    try {
      const stdio = ['ignore', output.fd, output.fd] as const;
      const child = spawn(program, args, { cwd: dir, detached: true, stdio: [...stdio] });
      await once(child, 'spawn');
      child.unref();
      return child as RunningChild;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    } finally {
      await output.close();
    }
  }
  throw new RedisNotFoundError();
}

async function startError(log: string, port: number): Promise<RedisStartError> {
  const said = await lastWords(log);
  const Kind = /address already in use/i.test(said) ? PortTakenError : RedisStartError;
  return new Kind(`the server on port ${port} ended at once: ${said}`);
}

async function lastWords(log: string): Promise<string> {
  return (await readFile(log, 'utf8')).trim().split('\n').slice(-3).join(' ');
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
