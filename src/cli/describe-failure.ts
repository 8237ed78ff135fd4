import { ConfigError } from '../config/error.ts';
import {
  CampaignCancelledError,
  CampaignConflictError,
  CampaignExpiredError,
  InterruptedError,
  InvalidMessageError,
  ProducerRefusedError,
  ProducerTimeoutError,
  UnknownChannelError,
} from '../producer/errors.ts';
import { DatabaseRefusedError, RedisUnreachableError } from '../redis/connection-errors.ts';
import { isRefusal } from '../redis/errors.ts';
import { EXIT, type ExitCode } from './context.ts';
import { CommandFailure } from './failure.ts';

export interface FailureDescription {
  exitCode: ExitCode;
  /** The message, one sentence a line. */
  lines: readonly string[];
  /** Only for unexpected errors. */
  stack?: string | undefined;
}

type ErrorClass = abstract new (...args: never[]) => Error;

/** The errors that may end a command although nothing is wrong with Herald. */
const EXPECTED: readonly (readonly [ErrorClass, ExitCode])[] = [
  [ConfigError, EXIT.usage],
  [InvalidMessageError, EXIT.usage],
  [UnknownChannelError, EXIT.usage],
  [CampaignConflictError, EXIT.usage],
  [CampaignCancelledError, EXIT.usage],
  [CampaignExpiredError, EXIT.usage],
  [DatabaseRefusedError, EXIT.usage],
  [RedisUnreachableError, EXIT.unreachable],
  [ProducerRefusedError, EXIT.partly],
  [InterruptedError, EXIT.partly],
];

/** The message and exit code for an error that ended a command. */
export function describeFailure(error: unknown): FailureDescription {
  if (error instanceof CommandFailure) return { exitCode: error.exitCode, lines: [error.message] };
  if (error instanceof ProducerTimeoutError) {
    // Something may have been done, so exit code 3 (nothing done) would be wrong.
    return { exitCode: error.sent ? EXIT.partly : EXIT.unreachable, lines: [error.message] };
  }
  if (isRefusal(error)) return { exitCode: EXIT.partly, lines: [`Redis refused: ${error.message}`] };
  for (const [kind, exitCode] of EXPECTED) {
    if (error instanceof kind) return { exitCode, lines: error.message.split('\n') };
  }
  const message = error instanceof Error ? error.message : String(error);
  return {
    exitCode: EXIT.partly,
    lines: [`unexpected error, please report it: ${message}`],
    stack: error instanceof Error ? error.stack : undefined,
  };
}
