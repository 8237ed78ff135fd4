import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it as adminIt } from '../admin/admin-fixture.ts';
import type { Environment } from '../support/environment.ts';
import { herald, type TestContextOptions } from './test-context.ts';

export type Ended = Awaited<ReturnType<typeof herald>>;

export interface Operator {
  /** Runs a command line against the environment, as from a host that has the configuration and no credentials. */
  run(env: Environment, argv: readonly string[], options?: TestContextOptions): Promise<Ended>;
  /** The JSON documents that a command line prints with `--json`. */
  documents(env: Environment, argv: readonly string[]): Promise<Record<string, unknown>[]>;
  /** Writes the environment's configuration, with these fields of the channel changed, and answers with its path. */
  config(env: Environment, channel?: Record<string, unknown>): Promise<string>;
}

export const it = adminIt.extend<{ operator: Operator }>({
  // biome-ignore lint/correctness/noEmptyPattern: the first argument of a fixture must be a pattern
  operator: async ({}, use) => {
    const dir = await mkdtemp(join(tmpdir(), 'herald-cli-'));
    let files = 0;
    const config: Operator['config'] = async (env, channel = {}) => {
      files += 1;
      const path = join(dir, `herald-${files}.yaml`);
      // JSON is YAML.
      await writeFile(path, JSON.stringify(env.config({ apiKey: `\${NOT_SET_HERE}`, ...channel })));
      return path;
    };
    const run: Operator['run'] = async (env, argv, options) =>
      await herald([...argv, '--config', await config(env)], options);
    await use({
      config,
      run,
      async documents(env, argv) {
        const { stdout } = await run(env, [...argv, '--json']);
        return stdout
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line));
      },
    });
    await rm(dir, { recursive: true });
  },
});
