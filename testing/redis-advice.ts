/** How a person gets a Redis onto this system. */
export type RedisAdvice =
  /** The demo can install Debian's package itself. */
  { kind: 'install' } | { kind: 'advise'; sentence: string };

export interface SystemFacts {
  platform: NodeJS.Platform;
  /** What /etc/os-release says; empty where there is none. */
  osRelease: string;
  isRoot: boolean;
}

/** By the names that os-release gives a system (ID) and its relatives (ID_LIKE). */
const INSTALLERS: readonly (readonly [RegExp, string])[] = [
  [/^(debian|ubuntu)$/, 'sudo apt-get install redis-server'],
  [/^(fedora|rhel|centos)$/, 'sudo dnf install valkey'],
  [/^alpine$/, 'apk add redis'],
  [/^arch$/, 'sudo pacman -S valkey'],
  [/^(suse|opensuse.*|sles)$/, 'sudo zypper install redis'],
];

const NEEDED = 'redis-server or valkey-server is needed on the PATH';

/** Pure: what to do where neither program was found. */
export function adviseRedis({ platform, osRelease, isRoot }: SystemFacts): RedisAdvice {
  const advise = (how: string): RedisAdvice => ({ kind: 'advise', sentence: `${NEEDED}: ${how}` });
  if (platform === 'darwin') return advise('brew install redis');
  if (platform === 'win32') return advise('run it inside WSL, where apt-get install redis-server brings one');
  const names = systemNames(osRelease);
  const [pattern, command] = INSTALLERS.find(([known]) => names.some((name) => known.test(name))) ?? [];
  if (pattern === undefined || command === undefined) {
    return advise("install Redis 7.0 or Valkey 7.2, or newer, with your system's package manager");
  }
  return isRoot && pattern.test('debian') ? { kind: 'install' } : advise(command);
}

function systemNames(osRelease: string): string[] {
  return [...osRelease.matchAll(/^ID(?:_LIKE)?=(.*)$/gm)].flatMap(([, value = '']) =>
    value.replaceAll(/["']/g, '').split(' '),
  );
}
