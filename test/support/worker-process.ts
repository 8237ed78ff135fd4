import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Drained } from '../../src/workers/drain.ts';
import { eventually } from '../../testing/eventually.ts';
import { PLAN, type WorkerPlan } from './worker-plan.ts';

const ENTRY = fileURLToPath(new URL('worker-entry.ts', import.meta.url));

/** After a close: ioredis watches over a socket that it ends for 2 s. */
const ENDS_BY_ITSELF_MS = 4_000;

/** A worker in a process of its own, for what only a process can do: die. */
export interface WorkerProcess {
  readonly pid: number;
  /** Resolves when it delivers. */
  ready(): Promise<void>;
  /** Resolves when it begins to start, which waits for Redis. */
  started(): Promise<void>;
  signal(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGUSR2'): void;
  /** Sends SIGTERM; what it tells within so long, once its process has ended by itself soon after. */
  terminate(withinMs: number): Promise<Drained>;
  /** `kill -9`; resolves when it is gone. Also after it ended. */
  kill(): Promise<void>;
  /** Resolves with the signal or the code that ended it. */
  ended(withinMs?: number): Promise<string | number>;
  metrics(): Promise<string>;
  get(path: string): Promise<{ status: number; body: unknown }>;
  /** Everything it logged, one JSON object a line. */
  log(): string;
}

export function spawnWorker(plan: WorkerPlan): WorkerProcess {
  const heap = plan.heapMb === undefined ? [] : [`--max-old-space-size=${plan.heapMb}`];
  const child = spawn(process.execPath, [...heap, '--import', 'tsx', ENTRY], {
    env: { PATH: process.env['PATH'], [PLAN]: JSON.stringify(plan) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const words: string[] = [];
  let log = '';
  createInterface({ input: child.stdout }).on('line', (line) => words.push(line));
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  const word = (name: string): string | undefined =>
    words.find((line) => line.startsWith(`${name} `))?.slice(name.length + 1);
  async function said(name: string): Promise<void> {
    const saidOrEnded = () => word(name) !== undefined || endOf(child) !== undefined;
    await eventually(`a worker process to be ${name}`, saidOrEnded, Boolean, { withinMs: 30_000 });
    if (word(name) === undefined) throw new Error(`the worker ended with ${endOf(child)}: ${log}`);
  }
  const url = (path: string): string => `${word('ready')}${path}`;
  const ended = (withinMs = 30_000): Promise<string | number> =>
    eventually('the end of a worker process', () => endOf(child) ?? '', isEnd, { withinMs });
  return {
    pid: child.pid as number,
    ready: () => said('ready'),
    started: () => said('started'),
    signal: (signal) => void child.kill(signal),
    async terminate(withinMs) {
      child.kill('SIGTERM');
      const closed = await eventually('a worker process to close', () => word('closed') ?? '', Boolean, {
        withinMs,
      });
      await ended(ENDS_BY_ITSELF_MS);
      return JSON.parse(closed) as Drained;
    },
    async kill() {
      if (endOf(child) !== undefined) return;
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    },
    ended,
    metrics: async () => await (await fetch(url('/metrics'))).text(),
    async get(path) {
      const response = await fetch(url(path));
      return { status: response.status, body: await response.json() };
    },
    log: () => log,
  };
}

const endOf = (child: ChildProcess): string | number | undefined =>
  child.signalCode ?? child.exitCode ?? undefined;
const isEnd = (end: string | number): boolean => end !== '';
