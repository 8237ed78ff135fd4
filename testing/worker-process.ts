import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { extname } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Drained } from '../src/workers/drain.ts';
import { eventually } from './eventually.ts';
import type { Failpoint } from './failpoints.ts';
import { programOf } from './program.ts';
import type { Order, Pickup, Report, WorkerPlan, Write } from './worker-protocol.ts';

/** A worker in a process of its own, for what only a process can do: die. */
export interface WorkerProcess {
  readonly name: string;
  readonly pid: number;
  /** Where it serves its metrics and probes, once it is ready. */
  readonly url: string | undefined;
  /** It has started, and has not ended, by what it reported. */
  readonly delivering: boolean;
  /** Whether it is suspended by SIGSTOP, blocked by a failpoint, or idle because its clock was stepped. */
  readonly still: boolean;
  /** What it has in hand, by job. */
  readonly inHand: ReadonlyMap<string, Pickup>;
  /** How often it picked up a job. */
  readonly pickups: number;
  /** What its close resolved with, after SIGTERM. */
  readonly drained: Drained | undefined;
  /** Why it did not start, if it may do so later. */
  readonly refused: string | undefined;
  /** Resolves with the signal or the code that ended it, when everything that it reported was read. */
  readonly end: Promise<string | number>;
  signal(signal: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT'): void;
  arm(failpoint: Failpoint): void;
  /** Sets the clock of the whole process so far ahead of the machine's. */
  stepClock(aheadMs: number): void;
  /** Resolves when it begins to start, which waits for Redis. */
  starting(): Promise<void>;
  /** Resolves when it delivers. @throws Error with its log when it ended before */
  ready(): Promise<void>;
  /** Sends SIGTERM; resolves with what its close told within so long, when the process has ended by itself soon after. */
  terminate(withinMs: number): Promise<Drained>;
  /** `kill -9`; resolves when it is gone, also when it had ended before. */
  kill(): Promise<void>;
  /** `end`, within so long. */
  ended(withinMs?: number): Promise<string | number>;
  get(path: string): Promise<{ status: number; body: unknown }>;
  metrics(): Promise<string>;
  /** All that it logged, one JSON object a line; empty where it logs to a file. */
  log(): string;
}

export interface WorkerProcessOptions extends WorkerPlan {
  /** How the events name it. */
  name?: string;
  /** Where its log is appended; kept in memory when absent. */
  logFile?: string;
  /** How large its heap may grow, in megabytes. */
  heapMb?: number;
  onPickup?(pickup: Pickup): void;
  onWrite?: ((write: Write) => void) | undefined;
  onFailpoint?(worker: WorkerProcess, failpoint: Failpoint): void;
  /** Its liveness probe failed. */
  onStuck?(worker: WorkerProcess, detail: string): void;
  /** Of the log that is kept in memory. */
  onLogLine?(line: string): void;
  /** After its last report. */
  onEnd?(worker: WorkerProcess): void;
}

const ENTRY = programOf(new URL(`./worker-entry${extname(import.meta.url)}`, import.meta.url));
/** A block ends a little later than asked for. */
const BLOCK_MARGIN_MS = 1_000;
/** After a close: ioredis watches over a socket that it ends for 2 s. */
const ENDS_BY_ITSELF_MS = 4_000;
const WITHIN_MS = 30_000;

interface State {
  starting: boolean;
  delivering: boolean;
  url: string | undefined;
  still: boolean;
  /** Monotonic, of this process. */
  blockedUntil: number;
  pickups: number;
  drained: Drained | undefined;
  refused: string | undefined;
  end: string | number | undefined;
  log: string;
}

export function startWorkerProcess(options: WorkerProcessOptions): WorkerProcess {
  const child = launch(options);
  const inHand = new Map<string, Pickup>();
  const state: State = {
    ...{ starting: false, delivering: false, url: undefined, still: false, blockedUntil: 0, pickups: 0 },
    ...{ drained: undefined, refused: undefined, end: undefined, log: '' },
  };
  const order = (what: Order): void => void child.stdin?.write(`${JSON.stringify(what)}\n`);
  const end = new Promise<string | number>((resolve) => {
    child.once('close', (code, signal) => {
      state.delivering = false;
      state.end = signal ?? code ?? '';
      options.onEnd?.(worker);
      resolve(state.end);
    });
  });

  const worker: WorkerProcess = {
    name: options.name ?? 'worker',
    pid: child.pid as number,
    inHand,
    end,
    get url() {
      return state.url;
    },
    get delivering() {
      return state.delivering;
    },
    get still() {
      return state.still || performance.now() < state.blockedUntil;
    },
    get pickups() {
      return state.pickups;
    },
    get drained() {
      return state.drained;
    },
    get refused() {
      return state.refused;
    },
    signal(signal) {
      if (signal === 'SIGSTOP') state.still = true;
      if (signal === 'SIGCONT') state.still = false;
      child.kill(signal);
    },
    arm(failpoint) {
      order({ kind: 'arm', failpoint });
      expectBlock(failpoint, state);
    },
    stepClock(aheadMs) {
      state.still = aheadMs !== 0;
      order({ kind: 'step_clock', aheadMs });
    },
    ...waiting(state, child, end),
    log: () => state.log,
  };

  createInterface({ input: child.stdio[3] as Readable }).on('line', (line) => {
    const report = JSON.parse(line) as Report;
    note(report, state, inHand);
    if (report.kind === 'pickup') options.onPickup?.(report);
    if (report.kind === 'write') options.onWrite?.(report);
    if (report.kind === 'failpoint') options.onFailpoint?.(worker, report.failpoint);
    if (report.kind === 'stuck') options.onStuck?.(worker, report.detail);
  });
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    stream.setEncoding('utf8').on('data', (text: string) => {
      state.log += text;
    });
    if (options.onLogLine) createInterface({ input: stream }).on('line', options.onLogLine);
  }
  return worker;
}

/** In a session of its own: an interrupt typed at the terminal reaches only the process that started it. */
function launch(options: WorkerProcessOptions): ChildProcess {
  const { config, failpoint, clockAheadMs, random, natMap } = options;
  const plan: WorkerPlan = { config, failpoint, clockAheadMs, random, natMap };
  const heap = options.heapMb === undefined ? [] : [`--max-old-space-size=${options.heapMb}`];
  const log = options.logFile === undefined ? 'pipe' : openSync(options.logFile, 'a');
  const child = spawn(process.execPath, [...heap, ...ENTRY.execArgv, ENTRY.file, JSON.stringify(plan)], {
    detached: true,
    env: {},
    stdio: ['pipe', log, log, 'pipe'],
  });
  if (typeof log === 'number') closeSync(log);
  child.stdin?.on('error', () => {}); // It died; `close` follows.
  return child;
}

function note(report: Report, state: State, inHand: Map<string, Pickup>): void {
  switch (report.kind) {
    case 'starting':
      state.starting = true;
      break;
    case 'ready':
      state.delivering = true;
      state.url = report.url;
      break;
    case 'refused':
      state.refused = report.why;
      break;
    case 'pickup':
      state.pickups += 1;
      inHand.set(report.job, report);
      break;
    case 'done':
      inHand.delete(report.job);
      break;
    case 'failpoint':
      expectBlock(report.failpoint, state);
      break;
    case 'closed':
      state.drained = report.drained;
  }
}

/** It is blocked once it reaches its failpoint: soon after that was armed, or long after, when it says so. */
function expectBlock(failpoint: Failpoint, state: State): void {
  if (failpoint.does === 'block') state.blockedUntil = performance.now() + failpoint.ms + BLOCK_MARGIN_MS;
}

type Waiting = Pick<WorkerProcess, 'starting' | 'ready' | 'terminate' | 'kill' | 'ended' | 'get' | 'metrics'>;

function waiting(state: State, child: ChildProcess, end: Promise<string | number>): Waiting {
  async function until(what: string, holds: () => boolean, withinMs = WITHIN_MS): Promise<void> {
    await eventually(what, () => holds() || state.end !== undefined, Boolean, { withinMs });
    if (!holds()) throw new Error(`the worker process ended with ${state.end}: ${state.log}`);
  }
  async function ended(withinMs = WITHIN_MS): Promise<string | number> {
    await eventually('the end of a worker process', () => state.end !== undefined, Boolean, { withinMs });
    return await end;
  }
  return {
    ended,
    starting: () => until('a worker process to begin', () => state.starting),
    ready: () => until('a worker process to be ready', () => state.url !== undefined || state.delivering),
    async terminate(withinMs) {
      child.kill('SIGTERM');
      await until('a worker process to close', () => state.drained !== undefined, withinMs);
      await ended(ENDS_BY_ITSELF_MS);
      return state.drained as Drained;
    },
    async kill() {
      child.kill('SIGKILL');
      await end;
    },
    metrics: async () => await (await fetch(`${state.url}/metrics`)).text(),
    async get(path) {
      const response = await fetch(`${state.url}${path}`);
      return { status: response.status, body: await response.json() };
    },
  };
}
