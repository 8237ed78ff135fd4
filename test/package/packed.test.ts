import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Installed, installPacked } from './installed.ts';

let installed: Installed;
beforeAll(async () => {
  installed = await installPacked();
});
afterAll(() => installed?.remove());

it('holds every module with its declarations, and every script, and the source of each', () => {
  const { packed } = installed;
  const built = (sources: readonly string[]): string[] =>
    sources.flatMap((path) =>
      path.endsWith('.ts')
        ? ['.js', '.d.ts', '.js.map', '.d.ts.map'].map((end) => `dist/${path}`.replace(/\.ts$/, end))
        : [`dist/${path}`],
    );
  const from = (folder: RegExp): string[] => packed.filter((path) => folder.test(path));
  const all = from(/^dist\//);
  expect(all).toEqual(expect.arrayContaining(built(from(/^(src|demo)\//))));
  // Of the harness only what the demo needs is built.
  expect(built(from(/^(src|demo|testing)\//))).toEqual(expect.arrayContaining(all));
  expect(packed).toContain('message.schema.json');
});

it.each([
  ['node', ['--module', 'nodenext', '--outDir', 'out']],
  ['a bundler', ['--module', 'esnext', '--moduleResolution', 'bundler', '--noEmit']],
])('type-checks in an application that resolves modules as %s does', async (_, options) => {
  await installed.compile(options);
});

it('delivers a message in an application', async () => {
  await installed.compile(['--module', 'nodenext', '--outDir', 'out']);
  expect(JSON.parse(await installed.run(process.execPath, 'out/app.js'))).toEqual({
    status: 'queued',
    refused: true,
    schema: 'https://json-schema.org/draft/2020-12/schema',
  });
});

it('brings the command', async () => {
  const { version } = JSON.parse(await readFile('package.json', 'utf8'));
  expect(await installed.run('node_modules/.bin/herald', '--version')).toBe(`${version}\n`);
});
