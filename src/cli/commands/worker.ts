import { once } from 'node:events';
import { loadConfig } from '../../config/load.ts';
import type { HeraldConfig } from '../../config/schema.ts';
import { PermissionError } from '../../ledger/permissions.ts';
import { createLogger } from '../../observe/log.ts';
import { workerOf } from '../../processes.ts';
import { RedisUnreachableError } from '../../redis/connection-errors.ts';
import { secretsOf } from '../../secrets.ts';
import { AccountTakenError } from '../../workers/account-claim.ts';
import type { Drained } from '../../workers/drain.ts';
import { QuotaChangedError, ShardsChangedError } from '../../workers/policy-change.ts';
import type { HeraldWorker } from '../../workers/worker.ts';
import { EXIT, type ExitCode } from '../context.ts';
import { listenFailure, wrongUsage } from '../failure.ts';
import { collected } from '../option-values.ts';
import type { AddCommand, Run } from '../shell.ts';

interface WorkerOptions {
  channel?: string[];
}

const HELP = `
Logs go to standard output, one JSON object per line; at a terminal they are formatted if pino-pretty is installed.
/metrics, /livez and /readyz are served at the configured http address. The first SIGTERM or SIGINT lets requests in
flight finish, for at most drainTimeout; the second ends the process at once. Exit code 1 means that messages had to be
abandoned: another worker will pick them up.

Examples:
  $ herald worker
  $ herald worker --config /etc/herald.yaml --channel kongregate`;

/** The configuration with only the requested channels. */
function restrictTo(names: readonly string[] | undefined, config: HeraldConfig): HeraldConfig {
  if (names === undefined) return config;
  const known = config.channels.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw wrongUsage(
      `--channel: no channel ${JSON.stringify(unknown)} in the configuration (known: ${known.join(', ')})`,
    );
  }
  return { ...config, channels: config.channels.filter(({ name }) => names.includes(name)) };
}

/** Logs a Redis that a worker cannot work with, since operators of workers read the log. */
function unfitRedis(error: unknown): ExitCode | undefined {
  if (error instanceof RedisUnreachableError) return EXIT.unreachable;
  return error instanceof PermissionError ? EXIT.usage : undefined;
}

/** What keeps a worker from starting until a person changes something. */
function startFailure(error: unknown): unknown {
  const conflicts = [QuotaChangedError, ShardsChangedError, AccountTakenError];
  if (error instanceof Error && conflicts.some((kind) => error instanceof kind))
    return wrongUsage(error.message, error);
  return listenFailure(error, 'choose another port, or set http: false');
}

/** Does not wait: a worker that never started has picked up no message. */
const NOTHING_TAKEN = { deadlineMs: 500 };

/** Runs until the signal, then drains; does not wait for a Redis that never came up. */
async function runUntil(signal: AbortSignal, worker: HeraldWorker): Promise<Drained> {
  const interrupted = signal.aborted ? Promise.resolve() : once(signal, 'abort').then(() => {});
  let begun = false;
  const running = worker.start().then(() => {
    begun = true;
    return interrupted;
  });
  try {
    await Promise.race([running, interrupted]);
  } catch (error) {
    await worker.close(NOTHING_TAKEN);
    throw error;
  }
  // A start that still waits for Redis fails when its connection closes, which is no failure of the command.
  running.catch(() => {});
  return await worker.close(begun ? {} : NOTHING_TAKEN);
}

const run: Run<WorkerOptions> = async ({ context, output, options }) => {
  const { env, stdout, signal } = context;
  const config = restrictTo(options.channel, loadConfig(options.config, { env, secrets: 'resolve' }));
  const logger = createLogger({
    level: config.logLevel,
    secrets: secretsOf(config),
    pretty: stdout.isTTY === true && !output.json,
  });
  try {
    const { drained } = await runUntil(signal, workerOf(config, logger));
    return drained ? EXIT.done : EXIT.partly;
  } catch (error) {
    const exitCode = unfitRedis(error);
    if (exitCode === undefined) throw startFailure(error);
    logger.error({ error: (error as Error).message }, 'worker could not start');
    return exitCode;
  }
};

export const addWorker: AddCommand = (program, shell) => {
  program
    .command('worker')
    .description('Deliver messages, of all channels or the given ones.')
    .option('--channel <name>', 'serve only this channel, repeatable', collected(String))
    .addHelpText('after', HELP)
    .action(shell.action(run));
};
