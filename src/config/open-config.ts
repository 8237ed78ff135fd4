import { existsSync } from 'node:fs';
import { ConfigError } from './error.ts';
import type { Environment } from './interpolate.ts';
import { type ReadYaml, readYaml } from './read-yaml.ts';

const DEFAULT_FILE = 'herald.yaml';

/**
 * Reads the configuration file: `path`, else the file that HERALD_CONFIG names, else ./herald.yaml. Numbers stay text as
 * written, like those from the environment: an API key of digits keeps its leading zeros, and a duration without a unit is
 * rejected.
 * @throws ConfigError
 */
export function openConfig(path: string | undefined, env: Environment): ReadYaml {
  const file = path ?? (env['HERALD_CONFIG'] || DEFAULT_FILE);
  if (!existsSync(file))
    throw new ConfigError([
      { path: '', message: `no configuration at ${file}: set --config or HERALD_CONFIG` },
    ]);
  return readYaml(file, { numbers: 'text' });
}
