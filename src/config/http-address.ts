import { ConfigError } from './error.ts';
import { type Environment, interpolate } from './interpolate.ts';
import { openConfig } from './open-config.ts';
import { property } from './property.ts';
import { decodeFile } from './read-yaml.ts';

/** The default address of a worker's probes. */
export const DEFAULT_HTTP = { host: '127.0.0.1', port: 9464 };

/** The address to ask if a worker listens on every address of the machine. */
const LOOPBACK: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

export interface HttpAddress {
  host: string;
  port: number;
}

/**
 * The address at which a worker with this configuration serves its probes; `null` if it serves none. Reads nothing else of the file,
 * and loads neither the schema nor the platforms, since a health check runs every few seconds.
 * @throws ConfigError
 */
export function readHttpAddress(path: string | undefined, env: Environment): HttpAddress | null {
  const { file, source, located } = openConfig(path, env);
  const given = { http: property(source, 'http') };
  const { value, problems } = interpolate(given, { env, readFile: decodeFile, skip: () => false });
  if (problems.length > 0) throw new ConfigError(problems.map(located), file);
  const http = property(value, 'http') ?? {};
  if (http === false) return null;
  const host = String(property(http, 'host') ?? DEFAULT_HTTP.host);
  const port = Number(property(http, 'port') ?? DEFAULT_HTTP.port);
  if (Number.isInteger(port) && port > 0 && port <= 65535) return { host: LOOPBACK[host] ?? host, port };
  const problem = {
    path: 'http.port',
    message: 'expected the port that the worker listens on, from 1 to 65535',
  };
  throw new ConfigError([located(problem)], file);
}
