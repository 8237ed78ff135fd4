import { spawnSync } from 'node:child_process';

/**
 * The commands are tested as they are shipped, so what is shipped has to be up to date. A type error is told and stops
 * nothing: the compiler writes its output all the same, and `npm run lint` is what fails for it.
 */
export function setup(): void {
  spawnSync('npx', ['tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' });
  spawnSync('node', ['build/finish.js'], { stdio: 'inherit' });
}
