import { spawn, spawnSync } from 'node:child_process';

/** Runs programs in other languages, to test clients written in them. */

/** Whether the machine has an interpreter, such as `python3`. */
export const hasInterpreter = (name: string): boolean => spawnSync(name, ['--version']).status === 0;

export interface ForeignProgram {
  /** Resolves when it has ended. */
  readonly ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
  kill(): void;
}

/** @param input of its standard input */
export function runProgram(
  interpreter: string,
  args: readonly string[],
  { env, input = '' }: { env: Record<string, string>; input?: string },
): ForeignProgram {
  const child = spawn(interpreter, args, { env: { PATH: process.env['PATH'] ?? '', ...env } });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin.on('error', () => {}); // It ended without reading all of it.
  child.stdin.end(input);
  return {
    ended: new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, stdout, stderr }));
    }),
    kill: () => void child.kill('SIGKILL'),
  };
}
