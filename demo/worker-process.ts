import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { startGuardian } from '../src/sandbox/reaper.ts';

export type WorkerState = 'starting' | 'delivering' | 'killed' | 'stopped' | 'broken';

/** `herald worker` in a process of its own: it can be killed and started again. */
export interface DemoWorker {
  readonly name: string;
  readonly pid: number | undefined;
  readonly state: WorkerState;
  /** Requests that left, over all its lives. */
  readonly attempts: number;
  /** The last lines of its log. */
  readonly tail: readonly string[];
  start(): void;
  /** `kill -9`. */
  kill(): Promise<void>;
  /** SIGTERM, and SIGKILL should it not end; then nothing is left of it. */
  stop(): Promise<void>;
}

export interface WorkerProcessOptions {
  name: string;
  /** Of herald.yaml's shape. */
  config: object;
  env: Readonly<Record<string, string | undefined>>;
  /** Told of each attempt as the log has it. */
  onAttempt(fields: Readonly<Record<string, unknown>>): void;
  /** Told when it ended and nobody had asked it to. */
  onBroken(): void;
}

/** Beside this file in the sources as in the build, each with its own ending. */
const MAIN = fileURLToPath(new URL(`../src/main${extname(import.meta.url)}`, import.meta.url));
const TAIL_LINES = 15;
const STOP_WITHIN_MS = 3_000;

/** Makes the worker's place; nothing runs before `start`. Whatever becomes of this process, nothing stays behind. */
export async function createWorkerProcess(options: WorkerProcessOptions): Promise<DemoWorker> {
  const dir = await mkdtemp(join(tmpdir(), 'herald-demo-'));
  const guardian = startGuardian(dir);
  const configFile = join(dir, 'herald.yaml');
  await writeFile(configFile, JSON.stringify(options.config));
  let child: ChildProcess | undefined;
  let state: WorkerState = 'stopped';
  let attempts = 0;
  const tail: string[] = [];

  function hear(line: string): void {
    if (tail.push(line) > TAIL_LINES) tail.shift();
    const fields = parseLine(line);
    if (fields?.['msg'] === 'worker started') state = 'delivering';
    if (fields?.['msg'] !== 'attempt') return;
    attempts += 1;
    options.onAttempt(fields);
  }

  async function end(signal: NodeJS.Signals, as: WorkerState): Promise<void> {
    if (!child || hasEnded(child)) return;
    state = as;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  return {
    name: options.name,
    get pid() {
      return child?.pid;
    },
    get state() {
      return state;
    },
    get attempts() {
      return attempts;
    },
    tail,
    start() {
      state = 'starting';
      const born = launch(configFile, options.env);
      child = born;
      guardian.watch(born.pid);
      for (const stream of [born.stdout, born.stderr]) createInterface({ input: stream }).on('line', hear);
      born.once('error', (error) => hear(String(error)));
      born.once('exit', () => {
        guardian.watch(undefined);
        if (state !== 'starting' && state !== 'delivering') return;
        state = 'broken';
        options.onBroken();
      });
    },
    kill: () => end('SIGKILL', 'killed'),
    async stop() {
      const late = setTimeout(() => child?.kill('SIGKILL'), STOP_WITHIN_MS);
      await end('SIGTERM', 'stopped');
      clearTimeout(late);
      guardian.release();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** In a session of its own, so that an interrupt typed at the terminal reaches only the demo, which then ends it. */
const launch = (configFile: string, env: WorkerProcessOptions['env']) =>
  spawn(process.execPath, [...process.execArgv, MAIN, 'worker', '--config', configFile], {
    env: { ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });

const hasEnded = ({ exitCode, signalCode, pid }: ChildProcess): boolean =>
  pid === undefined || exitCode !== null || signalCode !== null;

function parseLine(line: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined; // Not of the log: a crash's stack, for example. It stays in the tail.
  }
}
