import { spawn } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { wrongUsage } from '../src/cli/failure.ts';
import { startReaper } from '../src/sandbox/reaper.ts';

export interface InstallOptions {
  env: Readonly<Record<string, string | undefined>>;
  /** Debian's own switch for "packages start no services": a script that answers 101. */
  policyFile?: string;
}

const POLICY_FILE = '/usr/sbin/policy-rc.d';
const NO_SERVICES = '#!/bin/sh\nexit 101\n';

/**
 * Installs a package of Debian's, and starts no service of it.
 * @throws CommandFailure with what apt-get said last
 */
export async function installPackage(
  name: string,
  { env, policyFile = POLICY_FILE }: InstallOptions,
): Promise<void> {
  const lift = await forbidServices(policyFile);
  try {
    await aptGet(name, ['update', '-qq'], env);
    await aptGet(name, ['install', '-y', '-qq', '--no-install-recommends', name], env);
  } finally {
    await lift();
  }
}

/** Leaves an existing policy as it is; removes its own again, even when this process is killed. */
async function forbidServices(policyFile: string): Promise<() => Promise<void>> {
  try {
    await writeFile(policyFile, NO_SERVICES, { flag: 'wx', mode: 0o755 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return async () => {};
    throw error;
  }
  const reaper = startReaper(policyFile);
  return async () => {
    await rm(policyFile, { force: true });
    reaper.release();
  };
}

async function aptGet(name: string, args: readonly string[], env: InstallOptions['env']): Promise<void> {
  const { code, said } = await run('apt-get', args, { ...env, DEBIAN_FRONTEND: 'noninteractive' });
  if (code === 0) return;
  const last = said.trim().split('\n').at(-1) ?? '';
  throw wrongUsage(`apt-get ${args[0]} failed (${code}): ${last}; install ${name} by hand and try again`);
}

function run(program: string, args: readonly string[], env: Record<string, string | undefined>) {
  return new Promise<{ code: number | string; said: string }>((resolve) => {
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        said = (said + chunk).slice(-2_000);
      });
    }
    child.on('error', (error) => resolve({ code: 'not started', said: error.message }));
    child.on('close', (code, signal) => resolve({ code: code ?? String(signal), said }));
  });
}
