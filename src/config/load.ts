import { platforms } from '../platforms/registry.ts';
import { ConfigError } from './error.ts';
import type { Environment } from './interpolate.ts';
import { literalSecrets } from './literal-secrets.ts';
import { openConfig } from './open-config.ts';
import { checkConfig, type ParseOptions } from './parse.ts';
import { decodeFile } from './read-yaml.ts';
import type { HeraldConfig } from './schema.ts';

export interface LoadOptions {
  env: Environment;
  secrets: ParseOptions['secrets'];
}

/**
 * Loads the configuration file: `path`, else the file that HERALD_CONFIG names, else ./herald.yaml.
 * @throws ConfigError with every problem found: file, line and field
 */
export function loadConfig(path: string | undefined, { env, secrets }: LoadOptions): HeraldConfig {
  const { file, source, located } = openConfig(path, env);
  const checked = checkConfig(source, { platforms, env, secrets, readFile: decodeFile });
  if ('config' in checked) return checked.config;
  throw new ConfigError(checked.problems.map(located), file);
}

/**
 * Finds literal secrets in the file. They do not prevent it from being used, so only `doctor` reports them.
 * @throws ConfigError when it cannot be read
 */
export function findLiteralSecrets(path: string | undefined, env: Environment): ConfigError | undefined {
  const { file, source, located } = openConfig(path, env);
  const problems = literalSecrets(source, platforms).map(located);
  return problems.length > 0 ? new ConfigError(problems, file) : undefined;
}
