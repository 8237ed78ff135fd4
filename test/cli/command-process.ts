import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { eventually } from '../../testing/eventually.ts';

/** The command, file by file, as it is shipped. */
export const SHIPPED = fileURLToPath(new URL('../../dist/src/main.js', import.meta.url));
/** The same in one file, which starts with half of the CPU. */
const BUNDLED = join(process.env['HERALD_BUNDLES']!, 'main.mjs');

/** A command in a process of its own: for signals, exit codes and what is left behind. */
export interface CommandProcess {
  readonly pid: number;
  stdout(): string;
  stderr(): string;
  signal(name: NodeJS.Signals): void;
  /** Resolves with the exit code, or the signal that ended it. */
  ended(withinMs?: number): Promise<number | NodeJS.Signals>;
}

/** @param env the whole environment besides PATH */
export function startCommand(
  argv: readonly string[],
  env: Record<string, string> = {},
  main = BUNDLED,
): CommandProcess {
  const child = spawn(process.execPath, [main, ...argv], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  // `close` rather than `exit`: everything it said has arrived by then.
  const closed = new Promise<number | NodeJS.Signals>((resolve) => {
    child.on('close', (code, signal) => resolve(code ?? signal ?? 'SIGKILL'));
  });
  let end: number | NodeJS.Signals | undefined;
  closed.then((how) => {
    end = how;
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await closed;
  });
  return {
    pid: child.pid as number,
    stdout: () => stdout,
    stderr: () => stderr,
    signal: (name) => void child.kill(name),
    async ended(withinMs = 30_000) {
      await eventually(
        `the end of herald ${argv[0]}`,
        () => end,
        (how) => how !== undefined,
        { withinMs },
      );
      return end!;
    },
  };
}
