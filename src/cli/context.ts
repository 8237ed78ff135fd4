import type { Clock } from '../clock.ts';

/** All that a command uses of its environment: a test passes in its own, and runs the command in the test's process. */
export interface CommandContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly clock: Clock;
  /** Aborted by the first SIGINT or SIGTERM: a command then finishes what it has begun and returns. */
  readonly signal: AbortSignal;
}

export type InputStream = NodeJS.ReadableStream & { isTTY?: boolean; destroy?: () => unknown };
export type OutputStream = NodeJS.WritableStream & { isTTY?: boolean; columns?: number };

/** The exit codes, on which calling programs may rely. */
export const EXIT = {
  done: 0,
  /** Something was done and something was not; also a bug. */
  partly: 1,
  /** Wrong usage or configuration: nothing was done. */
  usage: 2,
  /** Redis was unreachable and nothing was done. */
  unreachable: 3,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
