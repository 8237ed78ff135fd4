import { EXIT, type ExitCode } from './context.ts';

/** An expected end of a command: its message is one clear sentence for the person who typed it. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  readonly exitCode: ExitCode;
  constructor(message: string, exitCode: ExitCode, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** The command line or a file that it names is wrong. */
export const wrongUsage = (message: string, cause?: unknown): CommandFailure =>
  new CommandFailure(message, EXIT.usage, { cause });

/** Redis does not answer, and nothing was done. */
export const redisUnreachable = (message: string, cause?: unknown): CommandFailure =>
  new CommandFailure(message, EXIT.unreachable, { cause });

/** Wrong usage where a server could not listen on its address; any other error as it is. */
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
