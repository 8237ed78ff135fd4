import { z } from 'zod';
import { DEFAULT_HTTP } from '../../config/http-address.ts';
import { type Exporter, startExporter } from '../../exporter/exporter.ts';
import { createLogger } from '../../observe/log.ts';
import { passwordsOf } from '../../secrets.ts';
import { listenFailure } from '../failure.ts';
import { parsedBy } from '../option-values.ts';
import { readConfiguration, redisOfEnvironment } from '../settings.ts';
import type { AddCommand, Invocation, Run } from '../shell.ts';
import { untilStopped } from '../until-stopped.ts';

interface ExporterOptions {
  host?: string;
  port?: number;
}

const HELP = `
Serves /metrics with the figures of every announced channel, /livez and /readyz, at the configured http address or the one
given. Workers export the same figures; an exporter shows them also while none runs. It needs no credentials of the
channels, and without a configuration only REDIS_URL. SIGTERM ends it.

Examples:
  $ herald exporter --port 9465
  $ REDIS_URL=redis://redis:6379 herald exporter --host 0.0.0.0`;

const PORT = z.coerce.number('expected a port').int('expected a port').min(0).max(65_535);

async function start(given: Invocation<ExporterOptions>): Promise<Exporter> {
  const { context, output, options } = given;
  const config = readConfiguration(given);
  const redis = config?.redis ?? redisOfEnvironment(given);
  const configured = config?.http ?? DEFAULT_HTTP;
  const http = { host: options.host ?? configured.host, port: options.port ?? configured.port };
  const logger = createLogger({
    level: config?.logLevel ?? 'info',
    secrets: passwordsOf(redis),
    pretty: context.stdout.isTTY === true && !output.json,
  });
  const exporter = await startExporter({ redis, http, logger }).catch((error: unknown) => {
    throw listenFailure(error, 'choose another with --port');
  });
  logger.info({ url: exporter.url }, 'exporter started');
  return exporter;
}

const run: Run<ExporterOptions> = async (invocation) =>
  await untilStopped(await start(invocation), invocation);

export const addExporter: AddCommand = (program, shell) => {
  program
    .command('exporter')
    .description('Export the metrics of all channels, without serving any.')
    .option('--host <address>', 'listen on this address')
    .option('--port <number>', 'listen on this port', parsedBy(PORT))
    .addHelpText('after', HELP)
    .action(shell.action(run));
};
