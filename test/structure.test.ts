import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

/** What anybody may import. These files import no folder, and no package but those that are named below. */
const VOCABULARY = [
  ...[
    'check',
    'clock',
    'disclosure',
    'error',
    'json',
    'lines',
    'once-per',
    'options',
    'outcome',
    'time',
    'timeout',
    'turns',
  ],
];

/** Put the folders together, so that no folder imports them but the commands. */
const ROOTS = ['app', 'environment', 'index', 'main', 'processes', 'secrets'];

/**
 * Which folders each folder of src may import, types included, beside the vocabulary. From the bottom up: a folder imports
 * only what stands above it here, so that there is no cycle.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  http: [],
  content: [],
  redis: [],
  tokens: ['redis'],
  platforms: ['content'],
  sandbox: ['http', 'message'],
  message: ['platforms'],
  ledger: ['redis'],
  config: ['message', 'platforms', 'redis', 'tokens'],
  policies: ['config', 'ledger', 'platforms'],
  observe: ['ledger', 'redis'],
  receipts: ['message', 'redis'],
  jobs: ['config', 'ledger', 'message', 'observe', 'platforms', 'redis'],
  channels: ['config', 'jobs', 'ledger', 'message', 'observe', 'policies', 'redis'],
  producer: ['channels', 'content', 'jobs', 'ledger', 'message', 'platforms', 'redis'],
  'dead-letters': ['channels', 'ledger', 'redis'],
  tracing: ['config', 'jobs', 'ledger', 'observe', 'platforms', 'producer'],
  serve: ['config', 'http', 'observe'],
  webhooks: ['config', 'observe', 'platforms', 'policies', 'receipts', 'redis', 'serve'],
  exporter: ['channels', 'http', 'observe', 'redis'],
  workers: [
    ...[
      'channels',
      'config',
      'http',
      'jobs',
      'ledger',
      'message',
      'observe',
      'platforms',
      'policies',
      'redis',
      'serve',
      'tracing',
    ],
  ],
  admin: [
    ...[
      'channels',
      'config',
      'content',
      'dead-letters',
      'jobs',
      'ledger',
      'message',
      'observe',
      'platforms',
      'policies',
    ],
    ...['producer', 'receipts', 'redis', 'tokens', 'webhooks'],
  ],
  api: [
    ...['admin', 'config', 'http', 'message', 'observe', 'producer', 'receipts', 'redis', 'serve', 'tokens'],
  ],
  board: [
    'admin',
    'channels',
    'config',
    'http',
    'message',
    'observe',
    'producer',
    'receipts',
    'redis',
    'serve',
    'tokens',
  ],
  cli: [
    ...['admin', 'channels', 'config', 'content', 'dead-letters', 'jobs', 'ledger', 'message', 'observe'],
    ...['exporter', 'platforms', 'producer', 'receipts', 'redis', 'sandbox', 'serve', 'tokens', 'workers'],
  ],
};

/** Starts the demo, which lies beside src and stands on it. */
const DEMO_COMMAND = 'cli/commands/demo.ts';

/** Where a package may be imported. */
const MAY_USE: Readonly<Record<string, readonly string[]>> = {
  bullmq: ['jobs/'],
  ioredis: ['redis/'],
  'node:process': ['environment.ts'],
  'prom-client': ['observe/instruments.ts'],
  pino: ['observe/log.ts'],
  '@opentelemetry/api': ['tracing/'],
  '@opentelemetry/exporter-trace-otlp-http': ['tracing/otlp.ts'],
  '@opentelemetry/resources': ['tracing/otlp.ts'],
  '@opentelemetry/sdk-trace-base': ['tracing/otlp.ts'],
  undici: ['platforms/http/', 'platforms/port.ts'],
  luxon: ['policies/'],
  'markdown-it': ['content/'],
  mdast: ['content/'],
  yaml: ['config/'],
  hono: ['api/', 'board/', 'http/', 'sandbox/'],
  '@hono/node-server': ['http/', 'sandbox/'],
  ms: ['time.ts', 'cli/'],
  zod: [
    'cli/',
    'channels/',
    'config/',
    'disclosure.ts',
    'api/',
    'message/',
    'platforms/',
    'producer/',
    'sandbox/',
    'time.ts',
    'tokens/',
  ],
  commander: ['cli/'],
  'cli-progress': ['cli/'],
  'cli-table3': ['cli/'],
  'csv-parse': ['cli/'],
  'log-update': ['cli/'],
  'string-width': ['cli/'],
  'wrap-ansi': ['cli/'],
};

/** What is handed in as an object of these packages has their types. */
const TYPES_ANYWHERE = ['ioredis', 'prom-client'];

/** Deciders: of other folders they name types, and of Node nothing. */
const PURE = ['policies'];

interface Import {
  /** From src on, as `redis/keys.ts`. */
  file: string;
  /** A file from src on, or a package. */
  target: string;
  local: boolean;
  typeOnly: boolean;
  /** Loaded when it is needed. */
  lazy: boolean;
}

const SRC = new URL('../src', import.meta.url).pathname;
const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
const folders = readdirSync(SRC, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
);

const IMPORT = /^(?:import|export)(?<type> type)? (?<names>[^;'"=]*?)from '(?<from>[^']+)'/gm;

/** `{ type A, type B }` alone imports types, too. */
const namesTypes = (names: string): boolean => /^\s*\{(?:\s*type [^,}]+,?)+\s*\}\s*$/.test(names);

function importsOf(file: string): Import[] {
  const text = readFileSync(join(SRC, file), 'utf8');
  const bare = [...text.matchAll(/\bimport(?: |(?<lazy>\())'(?<from>[^']+)'/g)].map(
    ({ groups }) => groups as { from: string; lazy?: string },
  );
  const stated = [...text.matchAll(IMPORT)].map(
    ({ groups }) => groups as { from: string; type?: string; names?: string },
  );
  return [...stated, ...bare].map(
    ({ from, type, names = '', lazy }: { from: string; type?: string; names?: string; lazy?: string }) => ({
      file,
      target: from.startsWith('.') ? relative(SRC, join(SRC, dirname(file), from)) : from,
      local: from.startsWith('.'),
      typeOnly: type !== undefined || namesTypes(names),
      lazy: lazy !== undefined,
    }),
  );
}

const imports = files.flatMap(importsOf);
const local = imports.filter((each) => each.local);
const packages = imports.filter((each) => !each.local);

/** Its folder, or its own name where it lies in src itself. */
const placeOf = (file: string): string =>
  file.includes('/') ? file.split('/')[0]! : file.slice(0, -'.ts'.length);
const isFolder = (place: string): boolean => folders.includes(place);
const arrow = ({ file, target }: Import): string => `${file} -> ${target}`;

/** Without the path within it. */
const packageOf = (target: string): string =>
  target
    .split('/')
    .slice(0, target.startsWith('@') ? 2 : 1)
    .join('/');

const between = local.filter(({ file, target }) => placeOf(file) !== placeOf(target));

/**
 * A way along imports from a place back to itself, with an import that makes each step; empty where there is none.
 * @param placeOf what counts as a place: a file, or its folder
 */
function findCycle(steps: readonly Import[], placeOf: (file: string) => string): string[] {
  const done = new Set<string>();
  const walk = (place: string, path: readonly { place: string; by: string }[]): string[] => {
    const from = path.findIndex((step) => step.place === place);
    if (from >= 0) return path.slice(from).map(({ by }) => by);
    if (done.has(place)) return [];
    for (const each of steps.filter(({ file }) => placeOf(file) === place)) {
      const cycle = walk(placeOf(each.target), [...path, { place, by: arrow(each) }]);
      if (cycle.length > 0) return cycle;
    }
    done.add(place);
    return [];
  };
  for (const place of new Set(steps.map(({ file }) => placeOf(file)))) {
    const cycle = walk(place, []);
    if (cycle.length > 0) return cycle;
  }
  return [];
}

describe('the folders of src', () => {
  it('make no cycle by their imports', () => {
    expect(findCycle(between, placeOf)).toEqual([]);
  });

  it('import what they may and nothing else', () => {
    const forbidden = between.filter(({ file, target }) => {
      const [from, to] = [placeOf(file), placeOf(target)];
      if (!isFolder(from) || VOCABULARY.includes(to) || file === DEMO_COMMAND) return false;
      return !(MAY_IMPORT[from]?.includes(to) || (from === 'cli' && ROOTS.includes(to)));
    });
    expect(forbidden.map(arrow)).toEqual([]);
  });

  it('are imported where the table says so: it allows nothing that nobody needs', () => {
    const unused = Object.entries(MAY_IMPORT).flatMap(([from, allowed]) =>
      allowed
        .filter((to) => !between.some(({ file, target }) => placeOf(file) === from && placeOf(target) === to))
        .map((to) => `${from} -> ${to}`),
    );
    expect(unused).toEqual([]);
  });

  it('are all in the table, and in the map of ARCHITECTURE.md', () => {
    expect(Object.keys(MAY_IMPORT).sort()).toEqual(folders.toSorted());
    const page = readFileSync(new URL('../ARCHITECTURE.md', import.meta.url), 'utf8');
    const map = page.slice(page.indexOf('| folder of `src` |')).split('\n\n')[0] ?? '';
    const rows = [...map.matchAll(/^\| `([\w/-]+)` \|/gm)].map(([, name]) => name);
    expect(rows.sort()).toEqual(folders.toSorted());
  });
});

describe('the sources', () => {
  it('make no cycle by their imports, types included', () => {
    expect(findCycle(local, (file) => file)).toEqual([]);
  });

  it('begin with a vocabulary that knows no folder', () => {
    const known = between.filter(
      ({ file, target }) => VOCABULARY.includes(placeOf(file)) && isFolder(placeOf(target)),
    );
    expect(known.map(arrow)).toEqual([]);
    const here = files.filter((file) => !file.includes('/')).map(placeOf);
    expect(here.sort()).toEqual([...VOCABULARY, ...ROOTS].sort());
  });

  it('use each package where it belongs', () => {
    const strangers = packages.filter(({ file, target, typeOnly }) => {
      const name = packageOf(target);
      if (name.startsWith('node:') && !(name in MAY_USE)) return false;
      if (typeOnly && TYPES_ANYWHERE.includes(name)) return false;
      return !MAY_USE[name]?.some((place) => file.startsWith(place));
    });
    expect(strangers.map(arrow)).toEqual([]);
  });

  it('decide without running anything', () => {
    const impure = imports.filter(
      ({ file, target, local, typeOnly }) =>
        PURE.includes(placeOf(file)) &&
        (local
          ? !typeOnly && placeOf(target) !== placeOf(file) && !VOCABULARY.includes(placeOf(target))
          : target.startsWith('node:') || ['bullmq', 'ioredis', 'undici'].includes(target)),
    );
    expect(impure.map(arrow)).toEqual([]);
  });

  it('load for a health check, which runs every few seconds, no more than it needs', () => {
    const loaded = new Set(['main.ts', 'cli/commands/health.ts']);
    const found: string[] = [];
    for (const each of loaded) {
      const needed = imports.filter(({ file, typeOnly, lazy }) => file === each && !typeOnly && !lazy);
      for (const { target, local } of needed) local ? loaded.add(target) : found.push(target);
    }
    expect(new Set(found.filter((name) => !name.startsWith('node:')))).toEqual(
      new Set(['commander', 'yaml']),
    );
  });

  it('keep the platforms apart: what they share lies beside them or in platforms/http', () => {
    const home = (file: string): string | undefined => /^platforms\/([^/]+)\//.exec(file)?.[1];
    const own = local.filter(({ file }) => ![undefined, 'http'].includes(home(file)));
    const crossing = own.filter(
      ({ file, target }) =>
        ![undefined, 'http', home(file)].includes(home(target)) ||
        /^platforms\/(?:registry|index)\.ts$/.test(target),
    );
    expect(crossing.map(arrow)).toEqual([]);
  });
});
