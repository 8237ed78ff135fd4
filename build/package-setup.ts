import { spawnSync } from 'node:child_process';

/**
 * The commands and the worker processes are tested as they are shipped, so what is shipped has to be up to date. A type
 * error is told and stops nothing: the compiler writes its output all the same, and `npm run lint` is what fails for it.
 * Several projects ask for it, and one build serves them all; `testing/worker-process.ts` learns of it by the environment.
 */
export function setup(): void {
  if (process.env['HERALD_BUILT'] !== undefined) return;
  spawnSync('npx', ['tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' });
  spawnSync('node', ['build/finish.js'], { stdio: 'inherit' });
  process.env['HERALD_BUILT'] = 'dist';
}
