import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { installPackage } from './install-package.ts';
import { adviseRedis } from './redis-advice.ts';

/** Debian's packages, and a program of each. */
const PACKAGES = { prometheus: 'promtool', 'prometheus-redis-exporter': 'prometheus-redis-exporter' };

const isInstalled = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;

/** Installs Debian's packages where they are missing and this process may; elsewhere a test that needs them says so. */
export async function ensurePrometheus(print: (line: string) => void): Promise<void> {
  const missing = Object.entries(PACKAGES).flatMap(([name, program]) => (isInstalled(program) ? [] : [name]));
  if (missing.length === 0) return;
  const advice = adviseRedis({
    platform: process.platform,
    osRelease: await readFile('/etc/os-release', 'utf8').catch(() => ''),
    isRoot: process.getuid?.() === 0,
  });
  if (advice.kind !== 'install') return;
  for (const name of missing) {
    print(`No ${name} here: installing the package by apt-get; its service is not started.`);
    await installPackage(name, { env: process.env });
  }
}

/** @throws Error with what it wrote, where a check failed */
export function promtool(...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync('promtool', args, { encoding: 'utf8' });
  if (error)
    throw new Error('promtool is needed on the PATH: install the package prometheus', { cause: error });
  if (status !== 0) throw new Error(`promtool ${args.join(' ')}:\n${stdout}${stderr}`);
  return stdout;
}
