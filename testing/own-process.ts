import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startReaper } from '../src/sandbox/reaper.ts';

/** A server of the caller's own, of another make. It ends with the process that started it, however that one ends. */
export interface OwnProcess {
  readonly child: ChildProcess;
  /** Ends it and deletes its folder. */
  stop(): Promise<void>;
}

/**
 * @param name of its folder below the system's temporary one
 * @param launch starts it there, in a session of its own: an interrupt typed at the terminal is not for it
 * @param signal that ends it at once
 */
export async function startOwnProcess(
  name: string,
  launch: (dir: string) => Promise<ChildProcess>,
  signal: NodeJS.Signals = 'SIGKILL',
): Promise<OwnProcess> {
  const dir = await mkdtemp(join(tmpdir(), `herald-${name}-`));
  const reaper = startReaper(dir);
  const child = await launch(dir).catch((error: unknown) => {
    reaper.release();
    throw error;
  });
  reaper.watch(child.pid);
  return {
    child,
    async stop() {
      const ended = once(child, 'exit');
      if (child.exitCode === null && child.kill(signal)) await ended;
      reaper.release();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Resolves once the system has started it. Rejects where there is no such program. */
export async function spawned(child: ChildProcess): Promise<ChildProcess> {
  await once(child, 'spawn');
  return child;
}
