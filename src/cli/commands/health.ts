import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { type HttpAddress, readHttpAddress } from '../../config/http-address.ts';
import { EXIT } from '../context.ts';
import { wrongUsage } from '../failure.ts';
import type { Report } from '../report.ts';
import type { AddCommand, Run } from '../shell.ts';

interface HealthOptions {
  ready?: boolean;
}

const HELP = `
Asks /livez, or /readyz with --ready, at the configured http address, on the loopback where the worker listens on all
addresses. Exit code 0 means that the answer was 200, 1 that it was another or none within two seconds. For the health
check of a container: liveness, since a Redis that is away is no reason to restart a worker.

Examples:
  $ herald health
  $ herald health --ready --config /etc/herald.yaml`;

const TIMEOUT_MS = 2000;

interface Health {
  ok: boolean;
  /** The answer, or why there is none. */
  detail: string;
}

/** `node:http` rather than fetch, which loads more than all the rest of this command. */
async function ask({ host, port }: HttpAddress, path: string): Promise<Health> {
  const request = get({ host, port, path, agent: false, signal: AbortSignal.timeout(TIMEOUT_MS) });
  try {
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    return { ok: response.statusCode === 200, detail: await text(response) };
  } catch (error) {
    const { name, code, message } = error as NodeJS.ErrnoException;
    const why = name === 'AbortError' ? `no answer within ${TIMEOUT_MS} ms` : (code ?? message);
    return { ok: false, detail: why };
  }
}

const run: Run<HealthOptions, Report> = async ({ context, output, options }) => {
  const address = readHttpAddress(options.config, context.env);
  if (address === null) throw wrongUsage('http: false in the configuration: the worker serves no probes');
  const path = options.ready ? '/readyz' : '/livez';
  const { ok, detail } = await ask(address, path);
  output.result({ ok, detail }, () => `${path} ${ok ? 'ok' : 'failed'}: ${detail}`);
  return ok ? EXIT.done : EXIT.partly;
};

export const addHealth: AddCommand = (program, shell) => {
  program
    .command('health')
    .description('Ask a running worker on this machine whether it is alive; for health checks.')
    .option('--ready', 'ask whether it is ready')
    .addHelpText('after', HELP)
    .action(shell.quickAction(run));
};
