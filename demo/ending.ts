import { EXIT } from '../src/cli/context.ts';
import { CommandFailure } from '../src/cli/failure.ts';

/** What may end a demo early: an interruption, its deadline, or a worker that ends by itself. */
export interface Ending {
  /** Aborted with the reason, a CommandFailure but for an interruption. */
  readonly signal: AbortSignal;
  fail(why: string): void;
  /** Takes the deadline back. */
  release(): void;
}

export function createEnding(interruption: AbortSignal, deadlineMs: number): Ending {
  const failure = new AbortController();
  const fail = (why: string): void => failure.abort(new CommandFailure(why, EXIT.partly));
  const timer = setTimeout(() => {
    const why = 'this machine is too busy for the demo, or messages got stuck';
    fail(`not finished within ${deadlineMs / 1000} s: ${why}`);
  }, deadlineMs);
  return {
    signal: AbortSignal.any([interruption, failure.signal]),
    fail,
    release: () => clearTimeout(timer),
  };
}
