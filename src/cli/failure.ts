import { RedisUnreachableError } from '../redis/connection-errors.ts';
import { EXIT, type ExitCode } from './context.ts';

/** An expected failure of a command: its message is one clear sentence for the user. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  readonly exitCode: ExitCode;
  constructor(message: string, exitCode: ExitCode, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** For a wrong command line, or a wrong file that it names. */
export const wrongUsage = (message: string, cause?: unknown): CommandFailure =>
  new CommandFailure(message, EXIT.usage, { cause });

/** For a Redis that does not answer before anything was done. */
export const redisUnreachable = (message: string, cause?: unknown): CommandFailure =>
  new CommandFailure(message, EXIT.unreachable, { cause });

/**
 * Tells how far a command was when Redis went away: what was done stays done. Any other error unchanged, and any before the first step.
 * @param steps how many it had done
 * @param rest what they were of, and what to do about the rest
 */
export const lostAfter = (error: unknown, steps: number, rest: string): unknown =>
  steps === 0 || !(error instanceof RedisUnreachableError)
    ? error
    : new CommandFailure(`lost the connection to Redis after ${steps} ${rest}`, EXIT.partly, {
        cause: error,
      });

/** Wrong usage if a server could not listen on its address; any other error unchanged. */
export function listenFailure(error: unknown, advice: string): unknown {
  const { code, syscall, address, hostname, port } = error as NodeJS.ErrnoException & {
    address?: string;
    hostname?: string;
    port?: number;
  };
  if (syscall !== 'listen' && syscall !== 'getaddrinfo') return error;
  const where = [address ?? hostname, port].filter((part) => part !== undefined).join(':');
  const why = code === 'EADDRINUSE' ? 'the port is in use' : code;
  return wrongUsage(`http: cannot listen on ${where}: ${why}; ${advice}`, error);
}
