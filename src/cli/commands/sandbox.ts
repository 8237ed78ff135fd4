import { once } from 'node:events';
import { InvalidArgumentError } from 'commander';
import { count, duration } from '../../config/values.ts';
import { check } from '../../message/check.ts';
import { problemsText } from '../../message/problems.ts';
import { accountChannels, accountOptions } from '../../sandbox/accounts.ts';
import { type Fault, faultSchema } from '../../sandbox/faults.ts';
import { type Sandbox, type SandboxCall, type SandboxOptions, startSandbox } from '../../sandbox/index.ts';
import { type CommandContext, EXIT } from '../context.ts';
import { wrongUsage } from '../failure.ts';
import { collected, parsedBy } from '../option-values.ts';
import type { Output } from '../output.ts';
import type { AddCommand, Run } from '../shell.ts';

interface SandboxCommandOptions {
  host: string;
  port: number;
  apiKey?: string[];
  fault?: Fault[];
  day?: number;
  quiet?: boolean;
  dayOffset?: number;
  rollingDay?: boolean;
  seed?: number;
}

const HELP = `
A fault is a kind, a kind with its share of the calls, or JSON with all fields. Kinds: latency, server_error,
reset, hang, blank, unreadable, oversize, rate_limited, answer. Ids ending in 7 have not played, ids ending in 0 are
unknown.

Fields of any fault: probability (the share of the calls that fit, 0 to 1), count (how many times at most), platform, recipients (user ids
as text, or @name in lower case), of (send or lookup) and reused (true: only over a connection that carried a call before). accepted (true):
the platform takes the message before its answer goes wrong; of all kinds but latency and rate_limited. latency wants latencyMs.
server_error may have status (500 to 599) and retryAfter, rate_limited retryAfter, and answer status, headers and body.

Below /sandbox: GET report, recipients and calls (?platform= &recipient= &limit=); GET, POST and DELETE faults;
PUT kongregate/players, discourse/accounts, zulip/webhook-bots, zulip/old and \`<platform>/keys\`; POST kongregate/new-day,
kongregate/foreign and reset. Bodies are JSON arrays; zulip/old takes true or false.

Examples:
  $ herald sandbox --port 8080
  $ curl -s http://127.0.0.1:8080/sandbox/calls?platform=kongregate
  $ curl -s http://127.0.0.1:8080/sandbox/faults \\
      --json '[{"kind":"reset","count":1}]'
  $ herald sandbox --fault server_error:0.1 \\
      --fault '{"kind":"reset","accepted":true,"count":5}'`;

/** `reset`, `reset:0.1` or `{"kind":"reset","accepted":true}`. */
export function parseFault(text: string): Fault {
  const source = faultSource(text);
  const checked = check(faultSchema, source);
  if ('data' in checked) return checked.data;
  throw new InvalidArgumentError(`${problemsText(checked.problems)}.`);
}

function faultSource(text: string): unknown {
  if (text.startsWith('{')) return jsonSource(text);
  const [, kind, share] = /^([^:]*)(?::(.*))?$/s.exec(text)!;
  if (share === undefined) return { kind };
  if (!/^\d*\.?\d+$/.test(share))
    throw new InvalidArgumentError('expected a share from 0 to 1 after the colon.');
  return { kind, probability: Number(share) };
}

function jsonSource(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidArgumentError('not valid JSON.');
  }
}

/** `12:00:00 kongregate accepted: 32`: for a person trying something out. */
const callLine = ({ at, platform, recipient, result, fault }: SandboxCall): string => {
  const instead = fault === undefined ? '' : ` (fault: ${fault})`;
  return `${new Date(at).toISOString().slice(11, 19)} ${platform} ${result}${instead}: ${recipient || 'nobody'}`;
};

const sandboxOptions = (
  { host, port, quiet, ...given }: SandboxCommandOptions,
  { clock }: CommandContext,
  output: Output,
): SandboxOptions => ({
  ...(quiet ? {} : { onCall: (call) => output.note(callLine(call)) }),
  ...accountOptions(given.apiKey),
  host,
  port,
  clock,
  ...(given.seed === undefined ? {} : { seed: given.seed }),
  ...(given.fault === undefined ? {} : { faults: given.fault }),
  kongregate: {
    ...accountOptions(given.apiKey).kongregate,
    ...(given.day === undefined ? {} : { dayMs: given.day }),
    ...(given.dayOffset === undefined ? {} : { dayOffsetMs: given.dayOffset }),
    boundary: given.rollingDay ? 'rolling' : 'calendar',
  },
});

async function open(
  options: SandboxCommandOptions,
  context: CommandContext,
  output: Output,
): Promise<Sandbox> {
  try {
    return await startSandbox(sandboxOptions(options, context, output));
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    const why = code === 'EADDRINUSE' ? 'the port is in use' : code;
    throw wrongUsage(`cannot listen on ${options.host}:${options.port}: ${why}`, error);
  }
}

function announce({ url }: Sandbox, apiKey: string | undefined, output: Output): void {
  const channels = accountChannels(url, apiKey);
  const baseUrls = Object.entries(channels).map(([name, { baseUrl }]) => [name, baseUrl] as const);
  const addresses = { url, ...Object.fromEntries(baseUrls), control: `${url}/sandbox`, channels };
  const rows = Object.entries(channels).map(([name, { platform: _, baseUrl, ...account }]) => {
    const fields = Object.entries(account).map(([field, value]) => `${field}: ${value}`);
    return [name, baseUrl, fields.join(', ')];
  });
  output.result(addresses, () =>
    [
      `Sandbox listening at ${url}; interrupt it to stop.`,
      '',
      output.table(['platform', 'baseUrl', 'account'], rows),
      '',
      `Accepted messages: ${addresses.control}/report`,
    ].join('\n'),
  );
}

function report({ journal }: Sandbox, output: Output): void {
  const { calls, accepted, results, faults, acceptedMoreThanOnce } = journal.report();
  const value = { calls, accepted, results, faults, accepted_more_than_once: acceptedMoreThanOnce };
  output.result(value, () =>
    output.table(['calls', 'count'], [['all', calls], ...Object.entries(results), ...faultRows(faults)]),
  );
}

const faultRows = (faults: Record<string, number>): [string, number][] =>
  Object.entries(faults).map(([kind, times]) => [`fault: ${kind}`, times]);

const run: Run<SandboxCommandOptions> = async ({ context, output, options }) => {
  const sandbox = await open(options, context, output);
  try {
    announce(sandbox, options.apiKey?.[0], output);
    if (!context.signal.aborted) await once(context.signal, 'abort');
    report(sandbox, output);
    return EXIT.done;
  } finally {
    await sandbox.close();
  }
};

export const addSandbox: AddCommand = (program, shell) => {
  program
    .command('sandbox')
    .description('Run a server that simulates the platforms, with faults on demand.')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option(
      '--port <port>',
      'port to listen on, 0 for a free one',
      parsedBy(count({ from: 0, to: 65_535 })),
      8080,
    )
    .option(
      '--api-key <key>',
      'an API key that all platforms accept, repeatable (default: sandbox-key)',
      collected(String),
    )
    .option('--fault <fault>', 'a fault to inject from the start, repeatable', collected(parseFault))
    .option('--day <duration>', "length of the platform's day, for short tests", parsedBy(duration()))
    .option('--quiet', 'do not log calls to standard error')
    .option('--day-offset <duration>', 'how long after midnight UTC that day begins', parsedBy(duration()))
    .option('--rolling-day', 'count the day from the last message to the player')
    .option('--seed <number>', 'seed of the random choice of faults', parsedBy(count()))
    .addHelpText('after', HELP)
    .action(shell.action(run));
};
