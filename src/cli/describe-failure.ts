import { EXIT, type ExitCode } from './context.ts';
import { CommandFailure } from './failure.ts';

export interface FailureDescription {
  exitCode: ExitCode;
  /** One sentence or two. */
  text: string;
  /** Only of what nobody expected. */
  stack?: string | undefined;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** How an error that ended a command is told, and with which exit code. */
export function describeFailure(error: unknown): FailureDescription {
  if (error instanceof CommandFailure) return { exitCode: error.exitCode, text: error.message };
  return {
    exitCode: EXIT.partly,
    text: `unexpected error, please report it: ${messageOf(error)}`,
    stack: error instanceof Error ? error.stack : undefined,
  };
}
