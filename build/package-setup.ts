import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { bundleProcesses } from './bundle.ts';

/**
 * The commands and the worker processes are tested as they are shipped, so what is shipped has to be up to date. A type
 * error is told and stops nothing: the compiler writes its output all the same, and `npm run lint` is what fails for it.
 * Several projects ask for it, and one build serves them all; who starts a process learns by the environment where the
 * bundles are that were made of it.
 */
export async function setup(): Promise<(() => void) | undefined> {
  if (process.env['HERALD_BUNDLES'] !== undefined) return undefined;
  spawnSync('npx', ['tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' });
  spawnSync('node', ['build/finish.js'], { stdio: 'inherit' });
  const bundles = await bundleProcesses();
  process.env['HERALD_BUNDLES'] = bundles;
  return () => rmSync(bundles, { recursive: true, force: true });
}
