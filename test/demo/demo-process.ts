import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type CommandProcess, SHIPPED, startCommand } from '../cli/command-process.ts';

export interface DemoProcess extends CommandProcess {
  /** What lies in the directory that it was given for its temporary files. */
  files(): Promise<string[]>;
}

/** `herald demo` with a directory of its own for temporary files, so that what it leaves behind can be seen. */
export async function startDemo(...options: string[]): Promise<DemoProcess> {
  const dir = await mkdtemp(join(tmpdir(), 'herald-test-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const demo = startCommand(['demo', ...options], { TMPDIR: dir }, SHIPPED);
  return Object.assign(demo, { files: () => readdir(dir) });
}

export const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
