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
