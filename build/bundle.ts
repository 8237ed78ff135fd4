import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin, stop } from 'esbuild';

/**
 * The processes that tests start by the dozen, each in one file: to find and read a thousand modules is more than half of
 * the CPU of a start. What is shipped is made of what is built. All find their scripts and package.json in their places.
 */
const ENTRIES = {
  ...{ main: 'dist/src/main.js', 'worker-entry': 'dist/testing/worker-entry.js' },
  ...{ 'contender-process': 'bench/contender-process.ts', sink: 'bench/sink.ts' },
};

/** For the CommonJS among the packages. */
const REQUIRE =
  "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);";

const inItsPlace: Plugin = {
  name: 'in its place',
  setup({ onLoad }) {
    onLoad({ filter: /\/(src|demo|testing|bench)\/.*\.[jt]s$/ }, ({ path }) => {
      if (path.includes('/node_modules/')) return undefined;
      const place = JSON.stringify(pathToFileURL(path).href);
      return {
        contents: readFileSync(path, 'utf8').replaceAll('import.meta.url', place),
        loader: path.endsWith('.ts') ? 'ts' : 'js',
      };
    });
  },
};

/** Answers with the folder that the bundles are in, one of its own. */
export async function bundleProcesses(): Promise<string> {
  const outdir = mkdtempSync(join(tmpdir(), 'herald-bundles-'));
  await build({
    ...{ entryPoints: ENTRIES, outdir, outExtension: { '.js': '.mjs' }, banner: { js: REQUIRE } },
    ...{ bundle: true, splitting: true, platform: 'node', format: 'esm', target: 'node20' },
    // Classes keep their names, which errors tell.
    // Without white space a start takes a fourteenth less.
    ...{ keepNames: true, minifyWhitespace: true, plugins: [inItsPlace], logLevel: 'error' },
  });
  await stop();
  return outdir;
}
