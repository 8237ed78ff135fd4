import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');
const TYPES = ['@types/node', 'undici-types'];

interface Locked {
  version: string;
  dev?: boolean;
}

/** An application in a folder of its own that has installed the packed Herald. */
export interface Installed {
  readonly dir: string;
  readonly packed: readonly string[];
  /** Type-checks these files, the declarations of all packages included, and compiles them to `out`. */
  compile(files: readonly string[], options: readonly string[]): Promise<void>;
  /** Resolves with the standard output. */
  run(program: string, ...args: string[]): Promise<string>;
  remove(): Promise<void>;
}

/**
 * Packs what is built and installs it as an application would, but for the versions: those of the lock file, so that
 * nothing depends on what was published today, and a package that npm has already fetched is taken from its cache.
 */
export async function installPacked(): Promise<Installed> {
  const dir = await mkdtemp(join(tmpdir(), 'herald-packed-'));
  const run = async (program: string, ...args: string[]): Promise<string> => {
    const { stdout } = await promisify(execFile)(program, args, { cwd: dir, timeout: 240_000 }).catch(
      (error) => {
        throw new Error(`${error.message}\n${error.stdout}`);
      },
    );
    return stdout;
  };
  try {
    const into = ['--ignore-scripts', '--json', '--pack-destination', dir];
    const [{ filename, files }] = JSON.parse(await run('npm', 'pack', ROOT, ...into));
    await writeManifests(dir, filename);
    await run(
      'npm',
      'ci',
      '--prefer-offline',
      '--engine-strict',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
    );
    await cp(join(ROOT, 'test/package/consumer'), dir, { recursive: true });
    return {
      dir,
      packed: files.map(({ path }: { path: string }) => path),
      compile: async (files, options) => {
        await run(
          process.execPath,
          TSC,
          ...files,
          '--strict',
          '--target',
          'es2023',
          '--types',
          'node',
          ...options,
        );
      },
      run,
      remove: () => rm(dir, { recursive: true, force: true }),
    };
  } catch (error) {
    await rm(dir, { recursive: true, force: true });
    throw error;
  }
}

async function writeManifests(dir: string, tarball: string): Promise<void> {
  const read = async (file: string) => JSON.parse(await readFile(join(ROOT, file), 'utf8'));
  const { version, bin, engines, dependencies } = await read('package.json');
  const lock = await read('package-lock.json');
  const all = Object.entries(lock.packages as Record<string, Locked>);
  const shipped = all.filter(([path, { dev }]) => path !== '' && !dev);
  const types = TYPES.map((name) => [`node_modules/${name}`, lock.packages[`node_modules/${name}`]] as const);
  const application = {
    name: 'application',
    version: '1.0.0',
    type: 'module',
    dependencies: {
      herald: `file:${tarball}`,
      '@types/node': lock.packages['node_modules/@types/node'].version,
    },
  };
  const herald = { version, resolved: `file:${tarball}`, bin, engines, dependencies };
  const packages = {
    '': application,
    'node_modules/herald': herald,
    ...Object.fromEntries([...shipped, ...types]),
  };
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, 'package.json'), JSON.stringify(application));
  await writeFile(
    join(dir, 'package-lock.json'),
    JSON.stringify({ ...application, lockfileVersion: 3, packages }),
  );
}
