import type { Logger } from '../observe/log.ts';
import type { PlatformClient } from '../platforms/port.ts';

/**
 * Logs what the platform says of the channel's account, at its first call; nothing where it cannot be asked. Not to be waited
 * for: an unreachable platform must not delay the start of a worker.
 */
export function createAccountExamination(
  client: PlatformClient,
  { logger, timeoutMs }: { logger: Logger; timeoutMs: number },
): () => void {
  let examined = false;

  async function examine(): Promise<void> {
    try {
      const findings = (await client.examine?.(AbortSignal.timeout(timeoutMs))) ?? [];
      for (const { level, text } of findings)
        logger[level === 'failed' ? 'error' : 'warn']({ finding: text }, 'platform account checked');
    } catch (error) {
      logger.warn({ error: String(error) }, 'platform account could not be checked');
    }
  }

  return () => {
    if (!examined) void examine();
    examined = true;
  };
}
