import { once } from 'node:events';
import { RedisUnreachableError } from '../redis/connection-errors.ts';
import { EXIT, type ExitCode } from './context.ts';

/** Something that runs until its process is told to stop, or Redis refuses it for good. */
interface Running {
  readonly refused: Promise<never>;
  close(): Promise<void>;
}

/** @returns the exit code, once it is closed */
export async function untilStopped(
  running: Running,
  { context: { signal }, output }: { context: { signal: AbortSignal }; output: { note(text: string): void } },
): Promise<ExitCode> {
  try {
    if (!signal.aborted) await Promise.race([once(signal, 'abort'), running.refused]);
    return EXIT.done;
  } catch (error) {
    if (!(error instanceof RedisUnreachableError)) throw error;
    output.note(`herald: ${error.message}`);
    return EXIT.unreachable;
  } finally {
    await running.close();
  }
}
