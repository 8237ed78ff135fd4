import { execFileSync } from 'node:child_process';

/** The commands are tested as they are shipped, so what is shipped has to be up to date. */
export function setup(): void {
  execFileSync('npm', ['run', '--silent', 'build'], { stdio: 'inherit' });
}
