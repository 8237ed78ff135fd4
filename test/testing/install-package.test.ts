import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { EXIT } from '../../src/cli/context.ts';
import { installPackage } from '../../testing/install-package.ts';

/** A directory with an `apt-get` in it that writes down how it was called and whether services were forbidden. */
async function aptGet(ending: string) {
  const dir = await mkdtemp(join(tmpdir(), 'herald-apt-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const policyFile = join(dir, 'policy-rc.d');
  const calls = join(dir, 'calls');
  const script = `#!/bin/sh\n${policyFile}; echo "$1 policy=$? $DEBIAN_FRONTEND $*" >> ${calls}\n${ending}\n`;
  await writeFile(join(dir, 'apt-get'), script);
  await chmod(join(dir, 'apt-get'), 0o755);
  return { policyFile, env: { PATH: `${dir}:/usr/bin:/bin` }, calls: () => readFile(calls, 'utf8') };
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

it('updates and installs while services are forbidden, and lifts the ban', async () => {
  const { env, policyFile, calls } = await aptGet('exit 0');
  await installPackage('redis-server', { env, policyFile });
  expect((await calls()).trim().split('\n')).toEqual([
    'update policy=101 noninteractive update -qq',
    'install policy=101 noninteractive install -y -qq --no-install-recommends redis-server',
  ]);
  expect(await exists(policyFile)).toBe(false);
});

it("leaves the machine's own policy in place", async () => {
  const { env, policyFile } = await aptGet('exit 0');
  await writeFile(policyFile, '#!/bin/sh\nexit 0\n', { mode: 0o755 });
  await installPackage('redis-server', { env, policyFile });
  expect(await readFile(policyFile, 'utf8')).toBe('#!/bin/sh\nexit 0\n');
});

it('says what apt-get said when it fails, and lifts the ban all the same', async () => {
  const { env, policyFile } = await aptGet('echo "E: no network" >&2; exit 100');
  await expect(installPackage('redis-server', { env, policyFile })).rejects.toMatchObject({
    exitCode: EXIT.usage,
    message: expect.stringMatching(
      /^apt-get update failed \(100\): E: no network; install redis-server by hand/,
    ),
  });
  expect(await exists(policyFile)).toBe(false);
});
