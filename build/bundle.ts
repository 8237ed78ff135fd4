import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin, stop } from 'esbuild';

/**
 * The processes that tests start by the dozen, each in one file: to find and read a thousand modules is more than half of
 * the CPU of a start. They are made of what is built, and find their scripts and package.json where it has them.
 */
const ENTRIES = { main: 'dist/src/main.js', 'worker-entry': 'dist/testing/worker-entry.js' };

/** For the CommonJS among the packages. */
const REQUIRE =
  "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);";

const inItsPlace: Plugin = {
  name: 'in its place',
  setup({ onLoad }) {
    onLoad({ filter: /\/dist\/(src|demo|testing)\/.*\.js$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replaceAll(
        'import.meta.url',
        JSON.stringify(pathToFileURL(path).href),
      ),
    }));
  },
};

/** Answers with the folder that the bundles are in, one of its own. */
export async function bundleProcesses(): Promise<string> {
  const outdir = mkdtempSync(join(tmpdir(), 'herald-bundles-'));
  await build({
    ...{ entryPoints: ENTRIES, outdir, outExtension: { '.js': '.mjs' }, banner: { js: REQUIRE } },
    ...{ bundle: true, splitting: true, platform: 'node', format: 'esm', target: 'node20' },
    // Classes keep their names, which errors tell.
    ...{ keepNames: true, plugins: [inItsPlace], logLevel: 'error' },
  });
  await stop();
  return outdir;
}
