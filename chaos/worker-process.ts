import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Ambush, Step } from './steps.ts';
import type { ClockStep, WorkerPlan } from './worker.ts';

const ENTRY = fileURLToPath(new URL('worker.ts', import.meta.url));

/** One process of a worker, as its runner sees it. */
export interface WorkerProcess {
  readonly name: string;
  readonly pid: number;
  /** Delivers, as far as it told. */
  readonly ready: boolean;
  /** Stopped by SIGSTOP, standing still by an ambush that was set, or idle by a clock that was stepped. */
  readonly still: boolean;
  /** Messages that it took up, by job: what it is at, and since when. */
  readonly taken: ReadonlyMap<string, Taken>;
  /** How many it took up so far. */
  readonly takes: number;
  /** What it told when it closed after SIGTERM. */
  readonly closed: string | undefined;
  /** Why it did not begin, where its configuration has to wait; it ends then. */
  readonly refused: string | undefined;
  readonly ended: Promise<void>;
  signal(signal: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT'): void;
  ambush(ambush: Ambush): void;
  stepClock(step: ClockStep): void;
}

export interface Taken {
  /** `<channel> <job id>`. */
  job: string;
  /** `<channel> <message id>`. */
  message: string;
}

export interface WorkerEvents {
  /** A message was taken up. */
  onTake(worker: WorkerProcess, taken: Taken): void;
  /** The step at which an ambush stopped it. */
  onAmbush(worker: WorkerProcess, step: Step, does: Ambush['does']): void;
  /** Its liveness probe failed. */
  onStuck?(worker: WorkerProcess, detail: string): void;
  /** After the last word that it told. */
  onEnd(worker: WorkerProcess): void;
}

interface State {
  ready: boolean;
  still: boolean;
  takes: number;
  closed: string | undefined;
  refused: string | undefined;
}

export function startWorker(
  name: string,
  plan: WorkerPlan,
  logFile: string,
  events: WorkerEvents,
): WorkerProcess {
  const log = openSync(logFile, 'a');
  // In a session of its own: an interrupt typed at the terminal is the runner's alone.
  const child = spawn(process.execPath, ['--import', 'tsx', ENTRY, JSON.stringify(plan)], {
    detached: true,
    env: {},
    stdio: ['pipe', log, log, 'pipe'],
  });
  closeSync(log);
  child.stdin?.on('error', () => {}); // It died; `close` tells.
  const taken = new Map<string, Taken>();
  const state: State = { ready: false, still: false, takes: 0, closed: undefined, refused: undefined };

  const worker: WorkerProcess = {
    name,
    pid: child.pid as number,
    taken,
    get ready() {
      return state.ready;
    },
    get still() {
      return state.still;
    },
    get takes() {
      return state.takes;
    },
    get closed() {
      return state.closed;
    },
    get refused() {
      return state.refused;
    },
    ended: new Promise((resolve) => {
      child.once('close', () => {
        state.ready = false;
        events.onEnd(worker);
        resolve();
      });
    }),
    signal(signal) {
      if (signal === 'SIGSTOP') state.still = true;
      if (signal === 'SIGCONT') state.still = false;
      child.kill(signal);
    },
    ambush(ambush) {
      if (ambush.does === 'block') state.still = true;
      child.stdin?.write(`${JSON.stringify(ambush)}\n`);
      if (ambush.does === 'block') setTimeout(() => (state.still = false), ambush.ms + 1_000).unref();
    },
    stepClock(step) {
      state.still = step.clockAheadMs !== 0;
      child.stdin?.write(`${JSON.stringify(step)}\n`);
    },
  };

  const hear = (line: string): void => {
    const [word, channel, job, id] = line.split(' ');
    const key = `${channel} ${job}`;
    if (word === 'take') {
      state.takes += 1;
      const entry = { job: key, message: `${channel} ${id}` };
      taken.set(key, entry);
      events.onTake(worker, entry);
    } else if (word === 'done' || word === 'left') taken.delete(key);
    else if (word === 'ready') state.ready = true;
    else if (word === 'refused') state.refused = line.slice('refused '.length);
    else if (word === 'stuck') events.onStuck?.(worker, line.slice('stuck '.length));
    else if (word === 'closed') state.closed = line.slice('closed '.length);
    else if (word === 'ambush') events.onAmbush(worker, channel as Step, job as Ambush['does']);
  };
  createInterface({ input: telling(child) }).on('line', hear);
  return worker;
}

const telling = (child: ChildProcess): Readable => child.stdio[3] as Readable;
