import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { installPackage } from './install-package.ts';
import { adviseRedis } from './redis-advice.ts';

/** Whether prometheus and promtool are here. */
const isInstalled = (): boolean => spawnSync('promtool', ['--version']).status === 0;

/** Installs Debian's package where it is missing and this process may; elsewhere a test that needs it says so. */
export async function ensurePrometheus(print: (line: string) => void): Promise<void> {
  if (isInstalled()) return;
  const advice = adviseRedis({
    platform: process.platform,
    osRelease: await readFile('/etc/os-release', 'utf8').catch(() => ''),
    isRoot: process.getuid?.() === 0,
  });
  if (advice.kind !== 'install') return;
  print('No prometheus here: installing the package prometheus by apt-get; its service is not started.');
  await installPackage('prometheus', { env: process.env });
}

/** @throws Error with what it wrote, where a check failed */
export function promtool(...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync('promtool', args, { encoding: 'utf8' });
  if (error)
    throw new Error('promtool is needed on the PATH: install the package prometheus', { cause: error });
  if (status !== 0) throw new Error(`promtool ${args.join(' ')}:\n${stdout}${stderr}`);
  return stdout;
}
