import { spawn } from 'node:child_process';

/**
 * Reads process ids from standard input, an empty line meaning none, and acts when the input ends: that happens in
 * every end of the parent, `kill -9` included, which no exit handler survives.
 */
const SCRIPT = 'pid=; while read -r line; do pid=$line; done; [ -n "$pid" ] && kill -9 "$pid"; rm -rf "$1"';

/** Outlives this process by a moment, to end what it started and to delete what it left. */
export interface Reaper {
  /** The process to end, or none any more: a recycled id must not be hit. */
  watch(pid: number | undefined): void;
  /** Nothing is left to guard. */
  release(): void;
}

/** A small shell that kills the watched process and deletes `dir` once this process is gone. */
export function startReaper(dir: string): Reaper {
  const shell = spawn('sh', ['-c', SCRIPT, 'reaper', dir], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // Without a shell nothing is guarded; the caller's own `stop` still works.
  shell.on('error', () => {});
  shell.stdin.on('error', () => {});
  shell.unref();
  if ('unref' in shell.stdin && typeof shell.stdin.unref === 'function') shell.stdin.unref();
  return {
    watch: (pid) => {
      shell.stdin.write(`${pid ?? ''}\n`);
    },
    release: () => {
      shell.stdin.end('\n');
    },
  };
}
