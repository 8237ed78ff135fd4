import { loadConfig } from '../../config/load.ts';
import type { HeraldConfig } from '../../config/schema.ts';
import { createLogger } from '../../observe/log.ts';
import { serverOf } from '../../processes.ts';
import { secretsOf } from '../../secrets.ts';
import type { HeraldServer } from '../../serve/server.ts';
import { listenFailure, wrongUsage } from '../failure.ts';
import type { AddCommand, Invocation, Run } from '../shell.ts';
import { untilStopped } from '../until-stopped.ts';

const HELP = `
Serves the HTTP API and the board, each at the address that http.api or http.board configures, and /metrics, /livez and /readyz
at that of http. It delivers nothing: a worker does, and serves the same where it has this configuration. Receipts are posted to
webhooks. It needs no credentials of the channels. SIGTERM
lets requests under way end, for at most drainTimeout.

Examples:
  $ herald serve
  $ herald serve --config /etc/herald.yaml`;

function read({ context, options }: Invocation): HeraldConfig {
  const config = loadConfig(options.config, { env: context.env, secrets: 'webhooks' });
  if (!config.http?.api && !config.http?.board && config.webhooks.length === 0)
    throw wrongUsage('nothing to serve: http.api and http.board are off; set http: { api: true }');
  return config;
}

async function started(invocation: Invocation): Promise<HeraldServer> {
  const config = read(invocation);
  const logger = createLogger({
    level: config.logLevel,
    secrets: secretsOf(config),
    pretty: invocation.context.stdout.isTTY === true && !invocation.output.json,
  });
  const server = serverOf(config, logger);
  await server.start().catch(async (error: unknown) => {
    await server.close();
    throw listenFailure(error, 'choose another port');
  });
  return server;
}

const run: Run<object> = async (invocation) => await untilStopped(await started(invocation), invocation);

export const addServe: AddCommand = (program, shell) => {
  program
    .command('serve')
    .description('Serve the HTTP API and the board, without delivering anything.')
    .addHelpText('after', HELP)
    .action(shell.action(run));
};
