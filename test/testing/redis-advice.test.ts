import { expect, it } from 'vitest';
import { adviseRedis } from '../../testing/redis-advice.ts';

const DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12"\nID=debian\nVERSION_ID="12"\n';
const UBUNTU = 'NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\n';
const ROCKY = 'NAME="Rocky Linux"\nID="rocky"\nID_LIKE="rhel centos fedora"\n';

const advise = (osRelease: string, { isRoot = false, platform = 'linux' as NodeJS.Platform } = {}) =>
  adviseRedis({ platform, osRelease, isRoot });

it('installs as root on Debian and its relatives, and nowhere else', () => {
  expect(advise(DEBIAN, { isRoot: true })).toEqual({ kind: 'install' });
  expect(advise(UBUNTU, { isRoot: true })).toEqual({ kind: 'install' });
  for (const other of [ROCKY, 'ID=alpine', '']) {
    expect(advise(other, { isRoot: true }).kind).toBe('advise');
  }
  expect(advise('', { isRoot: true, platform: 'darwin' }).kind).toBe('advise');
});

it.each([
  [DEBIAN, 'linux', 'sudo apt-get install redis-server'],
  [UBUNTU, 'linux', 'sudo apt-get install redis-server'],
  [ROCKY, 'linux', 'sudo dnf install valkey'],
  ['ID=alpine\n', 'linux', 'apk add redis'],
  ['ID=endeavouros\nID_LIKE="arch"\n', 'linux', 'sudo pacman -S valkey'],
  ['ID="opensuse-leap"\nID_LIKE="suse opensuse"\n', 'linux', 'sudo zypper install redis'],
  ['', 'darwin', 'brew install redis'],
  ['', 'win32', 'WSL'],
  ['', 'freebsd', "your system's package manager"],
] as const)('tells in one sentence how to get one (%j, %s)', (osRelease, platform, how) => {
  const advice = advise(osRelease, { platform });
  expect(advice).toEqual({ kind: 'advise', sentence: expect.stringContaining(how) });
});
