import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { startRedis, startSandbox } from '../../src/sandbox/index.ts';
import { eventually } from '../../testing/eventually.ts';
import { recordingServer } from '../platforms/answers.ts';
import { runExample, writeExamples } from './examples.ts';
import { type Installed, installPacked } from './installed.ts';

const NODE = ['--module', 'nodenext', '--outDir', 'out'];
/** To be run only: one test below type-checks all of it. */
const UNCHECKED = [...NODE, '--noCheck'];

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
  expect(packed).toContain('openapi.json');
});

it.each([
  ['node', NODE],
  ['a bundler', ['--module', 'esnext', '--moduleResolution', 'bundler', '--noEmit']],
])('type-checks in an application that resolves modules as %s does', async (_, options) => {
  const pages = ['README.md', 'docs/library.md', 'docs/campaigns.md'];
  const examples = await Promise.all(pages.map((page) => writeExamples(installed.dir, page)));
  expect(examples.flat().length).toBeGreaterThan(10);
  await installed.compile(['app.ts', ...examples.flat()], options);
});

it('delivers a message in an application', async () => {
  await installed.compile(['app.ts'], UNCHECKED);
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

it('runs every example of docs/library.md', async () => {
  const redis = await startRedis();
  const sandbox = await startSandbox();
  const hooks = await recordingServer(undefined, 204);
  const env = {
    KONGREGATE_URL: `${sandbox.url}/kongregate/api`,
    KONGREGATE_API_KEY: 'sandbox-key',
    HOOK_TOKEN: 'hook-token',
  };
  const run = (name: string) => {
    const example = runExample(installed.dir, name, env);
    onTestFinished(example.end);
    return example;
  };
  onTestFinished(async () => {
    await sandbox.close();
    await redis.stop();
  });
  const files = await writeExamples(installed.dir, 'docs/library.md', {
    'redis://127.0.0.1:6379': redis.url,
    'https://hooks.example.com': hooks.url,
    'listen(9464)': 'listen(0)',
  });
  await installed.compile(files, [...UNCHECKED, '--rootDir', 'examples']);

  const worker = run('worker');
  await worker.says('worker started');
  expect(await run('producer').output).toBe('queued\n3 0\nrescheduled cancelled\n');
  const receipts = run('receipts');
  await receipts.says('welcome-32 delivered sent');
  receipts.end();
  await receipts.output;
  expect(await run('admin').output).toMatch(
    /^kongregate \d+ not stopped 1\n0 0 0\ndelivered\n\S+Z it was delivered after 1 attempt: .*\n$/,
  );
  expect(await run('errors').output).toBe('HERALD_INVALID_MESSAGE\n');
  expect(await run('sandbox').output).toContain('accepted: 0');
  worker.end();
  expect(await worker.output).toContain('worker stopped');

  const own = run('own-platform');
  await eventually('the request of the platform of its own', () => hooks.requests.length > 0);
  own.end();
  await own.output;
  expect(hooks.requests).toMatchObject([
    { url: '/hooks/news', body: '{"text":"<p>Hello <strong>Ann</strong></p>"}' },
  ]);
  expect(files.length).toBe(8);
});
