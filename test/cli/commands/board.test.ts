import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EXIT } from '../../../src/cli/context.ts';
import { type RedisServer, startRedis } from '../../../src/sandbox/index.ts';
import { eventually } from '../../../testing/eventually.ts';
import { startCommand } from '../command-process.ts';
import { herald } from '../test-context.ts';

let server: RedisServer;
let dir: string;
beforeAll(async () => {
  server = await startRedis();
  dir = await mkdtemp(join(tmpdir(), 'herald-board-'));
});
afterAll(async () => {
  await server.stop();
  await rm(dir, { recursive: true });
});

async function configured(board: unknown): Promise<string> {
  const path = join(dir, 'herald.yaml');
  const channels = { kongregate: { platform: 'kongregate', apiKey: `\${NOT_SET_HERE}` } };
  await writeFile(path, JSON.stringify({ redis: server.url, http: { port: 0, board }, channels }));
  return path;
}

it('serves the board without the channels’ credentials, and lets in whom a link is for', async () => {
  const config = await configured({ port: 0, url: 'https://herald.example/' });
  const command = startCommand(['serve', '--config', config]);
  const address = await eventually(
    'the address',
    () => /"url":"([^"]+)","msg":"board listening"/.exec(command.stdout())?.[1],
  );
  const printed = await herald(['board', 'link', '--for', 'anna', '--role', 'operate', '--config', config]);
  expect(printed).toMatchObject({ exitCode: EXIT.done, stderr: '' });
  const link = new URL(printed.stdout.trim());
  expect(link.href).toMatch(/^https:\/\/herald\.example\/board\/link\?secret=[\w-]{43}$/);
  const answer = await fetch(`${address}${link.pathname}${link.search}`);
  expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('signs you in once')]);
  command.signal('SIGTERM');
  expect(await command.ended()).toBe(EXIT.done);
});

it('links to where the board listens, and says that it is off', async () => {
  const config = await configured({ host: '::1', port: 9999 });
  const { stdout } = await herald(['board', 'link', '--json', '--config', config]);
  expect(JSON.parse(stdout)).toMatchObject({
    url: expect.stringMatching(/^http:\/\/\[::1\]:9999\/board\/link/),
    role: 'read',
    expires_in_seconds: 600,
  });
  const off = await herald(['board', 'link', '--config', await configured(false)]);
  expect([off.exitCode, off.stderr]).toEqual([EXIT.done, expect.stringContaining('http.board is off')]);
  expect(off.stdout).toMatch(/^http:\/\/127\.0\.0\.1:9471\/board\/link/);
});

it('refuses what it cannot do', async () => {
  const config = await configured(true);
  for (const [argv, wrong] of [
    [['--role', 'admin'], '--role'],
    [['--expires', '2d'], '--expires'],
    [['--for', '<b>'], '--for'],
  ] as const) {
    const { exitCode, stderr } = await herald(['board', 'link', ...argv, '--config', config]);
    expect([exitCode, stderr]).toEqual([EXIT.usage, expect.stringContaining(wrong)]);
  }
});
