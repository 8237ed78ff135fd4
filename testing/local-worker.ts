import type { DestinationStream } from 'pino';
import type { Clock, Random } from '../src/clock.ts';
import { parseConfig } from '../src/config/parse.ts';
import type { HeraldConfig } from '../src/config/schema.ts';
import { createLogger } from '../src/observe/log.ts';
import type { PlatformDefinition } from '../src/platforms/port.ts';
import { platforms as ownPlatforms } from '../src/platforms/registry.ts';
import { servicesOf } from '../src/processes.ts';
import type { RedisInstance } from '../src/redis/option.ts';
import { secretsOf } from '../src/secrets.ts';
import type { Tracing } from '../src/tracing/tracing.ts';
import type { Wrappers } from '../src/workers/running-store.ts';
import { buildWorker, type HeraldWorker } from '../src/workers/worker.ts';

export type Platforms = Readonly<Record<string, PlatformDefinition>>;

/** @param source of herald.yaml's shape; `${NAME}` and secrets in files are not resolved in it */
export function readConfig(source: unknown, platforms: Platforms = ownPlatforms): HeraldConfig {
  const readFile = (): never => {
    throw new Error('the harness reads no secret from a file');
  };
  return parseConfig(source, { platforms, env: {}, secrets: 'resolve', readFile });
}

export interface LocalWorkerParts {
  platforms?: Platforms | undefined;
  clock?: Clock | undefined;
  random?: Random | undefined;
  wrap?: Wrappers | undefined;
  tracing?: Tracing | undefined;
}

/** Without it, a fingerprint of the credentials is most of the CPU of a start; those here are the sandbox's. */
const FINGERPRINT_COST = 2;

/** A worker in this process. */
export interface LocalWorker extends HeraldWorker {
  /** All that it logged, one JSON object a line. */
  log(): string;
}

export function buildLocalWorker(source: unknown, parts: LocalWorkerParts = {}): LocalWorker {
  const lines: string[] = [];
  const worker = buildLoggingWorker(source, { write: (line) => void lines.push(line) }, parts);
  return Object.create(worker, { log: { value: () => lines.join('') } }) as LocalWorker;
}

/** As the command builds it: it logs at the configured level, without its secrets. */
export function buildLoggingWorker(
  source: unknown,
  destination: DestinationStream,
  { platforms = ownPlatforms, ...parts }: LocalWorkerParts & { redis?: RedisInstance | undefined } = {},
): HeraldWorker {
  const config = readConfig(source, platforms);
  const logger = createLogger({ level: config.logLevel, destination, secrets: secretsOf(config) });
  const services = servicesOf(config, { platforms });
  return buildWorker(config, { fingerprintCost: FINGERPRINT_COST, ...parts, platforms, logger, services });
}
