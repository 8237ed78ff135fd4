import { fork } from 'node:child_process';
import { once } from 'node:events';
import { programOf } from '../testing/program.ts';

/** A process of a bench. It ends with this one. */
export interface Child<Report extends { kind: string }> {
  /** The next report of this kind, also one that came already. @throws Error when the process ends before */
  heard<Kind extends Report['kind']>(kind: Kind): Promise<Extract<Report, { kind: Kind }>>;
  /** Rejects when the process ends although nobody killed it: for a race with what another process reports. */
  failed: Promise<never>;
  tell(what: object): void;
  /** `kill -9`; resolves when it is gone. */
  kill(): Promise<void>;
}

/** @param file of this folder @param task its one argument, as JSON */
export function startChild<Report extends { kind: string }>(file: string, task: object = {}): Child<Report> {
  const { file: program, execArgv } = programOf(new URL(file, import.meta.url));
  const child = fork(program, [JSON.stringify(task)], {
    execArgv,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const unheard: Report[] = [];
  const waiting = new Map<string, { resolve(report: Report): void; reject(error: Error): void }>();
  let killed = false;
  child.on('message', (report: Report) => {
    const waiter = waiting.get(report.kind);
    waiting.delete(report.kind);
    if (waiter) waiter.resolve(report);
    else unheard.push(report);
  });
  const gone = once(child, 'exit').then(([code, signal]) => {
    const error = new Error(`${file} ${JSON.stringify(task)} ended with ${code ?? signal}`);
    for (const { reject } of waiting.values()) reject(error);
    return error;
  });
  const failed = gone.then(async (error) =>
    killed ? await new Promise<never>(() => {}) : Promise.reject(error),
  );
  failed.catch(() => {}); // Who waits for it hears of it.
  return {
    failed,
    heard: (kind) =>
      new Promise((resolve, reject) => {
        const index = unheard.findIndex((report) => report.kind === kind);
        const [report] = index === -1 ? [] : unheard.splice(index, 1);
        if (report) resolve(report as Extract<Report, { kind: typeof kind }>);
        else waiting.set(kind, { resolve: resolve as (report: Report) => void, reject });
        if (!report && (child.exitCode !== null || child.signalCode !== null)) void gone.then(reject);
      }),
    tell: (what) => void child.send(what),
    async kill() {
      if (!killed) child.kill('SIGKILL');
      killed = true;
      await gone;
    },
  };
}
