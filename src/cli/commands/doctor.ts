import { examine } from '../../admin/doctor/doctor.ts';
import type { Installation } from '../../channels/installation.ts';
import { type Check, failed, ok, warning } from '../../check.ts';
import { ConfigError } from '../../config/error.ts';
import { findLiteralSecrets, loadConfig } from '../../config/load.ts';
import type { HeraldConfig } from '../../config/schema.ts';
import { RedisUnreachableError } from '../../redis/connection-errors.ts';
import { refusesLogin } from '../../redis/errors.ts';
import { EXIT, type ExitCode } from '../context.ts';
import { describeFailure } from '../describe-failure.ts';
import { useInstallation } from '../installation.ts';
import type { Output } from '../output.ts';
import type { AddCommand, Invocation, Run } from '../shell.ts';

const HELP = `
Every check is ok, a warning or failed, and says what to do. Exit code 0: nothing failed; 1: a check failed; 2: the
configuration or a credential is wrong; 3: Redis is unreachable.

Examples:
  $ herald doctor
  $ herald doctor --config /etc/herald.yaml --json`;

interface Configured {
  config?: HeraldConfig;
  /** Whether the channels' credentials are in it. */
  withCredentials?: boolean;
  checks: Check[];
}

/** Without its credentials a configuration still says where Redis is, so the rest can be checked. */
function readConfiguration(invocation: Invocation): Configured {
  try {
    const config = load(invocation, 'resolve');
    const names = config.channels.map(({ name }) => name).join(', ');
    const checks = [ok('configuration', 'is valid.'), ok('credentials', `present for ${names}.`)];
    return { config, withCredentials: true, checks };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return withoutCredentials(invocation, error);
  }
}

function withoutCredentials(invocation: Invocation, missing: ConfigError): Configured {
  try {
    const config = load(invocation, 'skip');
    return { config, checks: [ok('configuration', 'is valid.'), ...problems('credentials', missing)] };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { checks: problems('configuration', error) };
  }
}

const load = ({ context, options }: Invocation, secrets: 'resolve' | 'skip'): HeraldConfig =>
  loadConfig(options.config, { env: context.env, secrets });

const problems = (name: string, error: ConfigError): Check[] =>
  error.message.split('\n').map((line) => failed(name, `${line}.`));

/** A warning and not a failure: it works, and a sandbox's key is not a secret. */
function literalSecrets({ context, options }: Invocation): Check[] {
  const found = findLiteralSecrets(options.config, context.env);
  return (found?.message.split('\n') ?? []).map((line) => warning('secrets', `${line}.`));
}

interface Examined {
  checks: Check[];
  /** Decides the exit code where Redis itself is the trouble. */
  exitCode?: ExitCode;
}

/** A Redis that is away or refuses the login is a finding, and the last one. */
async function examineRedis(
  { redis, channels }: HeraldConfig,
  withCredentials: boolean,
  invocation: Invocation,
): Promise<Examined> {
  try {
    const look = (installation: Installation) => examine(installation, withCredentials);
    return { checks: await useInstallation(redis, channels, invocation, look) };
  } catch (error) {
    const { exitCode, lines, stack } = describeFailure(error);
    if (stack !== undefined) throw error;
    const advice = isWrongServer(error as Error)
      ? FIX_URL
      : (ADVICE[exitCode] ?? 'check the permissions of its user');
    return { checks: lines.map((line) => failed('redis', `${line}; ${advice}.`)), exitCode };
  }
}

/** Whether there is a server, but with other credentials, or no Redis: starting one would not help. */
function isWrongServer({ cause }: { cause?: unknown }): boolean {
  return cause instanceof RedisUnreachableError && cause.cause instanceof Error && refusesLogin(cause.cause);
}

const FIX_URL = 'fix its address or credentials in the configuration';

const ADVICE: Partial<Record<ExitCode, string>> = {
  [EXIT.unreachable]: `start it, or ${FIX_URL}`,
  [EXIT.usage]: 'fix it in the configuration',
};

function report(checks: readonly Check[], output: Output): void {
  if (output.json) for (const check of checks) output.result(check, () => '');
  else {
    output.result(null, () =>
      output.table(
        ['check', 'level', 'finding'],
        checks.map(({ name, level, text }) => [name, level, text]),
      ),
    );
  }
}

const run: Run<object> = async (invocation) => {
  const { config, withCredentials = false, checks } = readConfiguration(invocation);
  const valid = checks.every(({ level }) => level !== 'failed');
  const redis = config && (await examineRedis(config, withCredentials, invocation));
  const secrets = config ? literalSecrets(invocation) : [];
  const all = [...checks, ...secrets, ...(redis?.checks ?? [])];
  report(all, invocation.output);
  return valid ? (redis?.exitCode ?? worst(all)) : EXIT.usage;
};

const worst = (checks: readonly Check[]): ExitCode =>
  checks.some(({ level }) => level === 'failed') ? EXIT.partly : EXIT.done;

export const addDoctor: AddCommand = (program, shell) => {
  program
    .command('doctor')
    .description('Check the configuration, Redis, the clock, the channels and their accounts.')
    .addHelpText('after', HELP)
    .action(shell.action(run));
};
