import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EXIT } from '../../../src/cli/context.ts';
import { channelKeys } from '../../../src/redis/keys.ts';
import { type RedisServer, startRedis } from '../../../src/sandbox/index.ts';
import { eventually } from '../../../testing/eventually.ts';
import { startReceiver, WEBHOOK_SECRET } from '../../webhooks/receiver.ts';
import { startCommand } from '../command-process.ts';
import { herald } from '../test-context.ts';

let server: RedisServer;
let redis: Redis;
let dir: string;
beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  dir = await mkdtemp(join(tmpdir(), 'herald-serve-'));
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
  await rm(dir, { recursive: true });
});

async function configured(http: Record<string, unknown>): Promise<string> {
  const path = join(dir, `${Object.keys(http).join('-')}.yaml`);
  const channels = { kongregate: { platform: 'kongregate', apiKey: `\${NOT_SET_HERE}` } };
  await writeFile(path, JSON.stringify({ redis: server.url, http: { port: 0, ...http }, channels }));
  return path;
}

it('takes messages for tokens that the command line makes and revokes, and ends', async () => {
  const config = await configured({ api: { port: 0 } });
  const run = async (...argv: string[]) => {
    const { stdout, exitCode } = await herald([...argv, '--json', '--config', config]);
    expect(exitCode).toBe(EXIT.done);
    return JSON.parse(stdout);
  };
  const { id, token } = await run(
    ...['token', 'create', '--name', 'shop', '--scopes', 'send', '--expires', '1h'],
  );
  const command = startCommand(['serve', '--config', config]);
  const url = await eventually(
    'the address',
    () => /"url":"([^"]+)","msg":"api listening"/.exec(command.stdout())?.[1],
  );
  const send = async (bearer: string) => {
    const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ platform: 'kongregate', to: { userId: 32 }, content: 'Hello' });
    return (await fetch(`${url}/v1/messages`, { method: 'POST', headers, body })).status;
  };
  // The configuration vouches for the channel: no worker has announced it.
  expect(await send(token)).toBe(202);
  const rotated = await run('token', 'rotate', id);
  expect([await send(token), await send(rotated.token)]).toEqual([202, 202]);
  await run('token', 'rotate', id, '--finish');
  expect([await send(token), await send(rotated.token)]).toEqual([401, 202]);
  const [listed] = await run('token', 'list');
  expect(listed).toMatchObject({ id, name: 'shop', scopes: ['send'], channels: null, secrets: 1 });
  expect(listed.last_used_at).not.toBeNull();
  await run('token', 'revoke', id);
  expect(await send(rotated.token)).toBe(401);
  command.signal('SIGTERM');
  expect(await command.ended()).toBe(EXIT.done);
});

it('is what a worker serves as well, until it has drained', async () => {
  const path = join(dir, 'worker.yaml');
  const kongregate = { platform: 'kongregate', apiKey: 'k', baseUrl: 'http://127.0.0.1:1' };
  const http = { port: 0, api: { port: 0 } };
  await writeFile(path, JSON.stringify({ redis: server.url, http, channels: { kongregate } }));
  const command = startCommand(['worker', '--config', path]);
  const url = await eventually(
    'the address',
    () => /"url":"([^"]+)","msg":"api listening"/.exec(command.stdout())?.[1],
  );
  const created = await herald([
    'token',
    'create',
    '--name',
    'shop',
    '--scopes',
    'send',
    '--json',
    '--config',
    path,
  ]);
  const answer = await fetch(`${url}/v1/plays`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${JSON.parse(created.stdout).token}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ channel: 'kongregate', to: { userId: 32 } }),
  });
  expect([answer.status, await answer.json()]).toEqual([200, { status: 'recorded' }]);
  const metrics = /"url":"([^"]+)","msg":"worker started"/;
  const probes = await eventually('the start', () => metrics.exec(command.stdout())?.[1]);
  expect(await (await fetch(`${probes}/metrics`)).text()).toContain(
    'herald_http_requests_total{route="POST /v1/plays",status="200"} 1',
  );
  command.signal('SIGTERM');
  expect(await command.ended()).toBe(EXIT.done);
});

it('says what is wrong with the command line', async () => {
  const off = await herald(['serve', '--config', await configured({})]);
  expect([off.exitCode, off.stderr]).toEqual([
    EXIT.usage,
    expect.stringContaining('http.api and http.board are off'),
  ]);
  const env = { REDIS_URL: server.url };
  for (const [argv, wrong] of [
    [['token', 'create', '--name', 'a', '--scopes', 'send,rule'], '--scopes'],
    [
      ['token', 'create', '--name', 'a', '--scopes', 'send', '--expires', '2020-01-01T00:00:00Z'],
      '--expires',
    ],
    [['token', 'rotate', 'none'], 'No token has the id "none"'],
    [['token', 'revoke', 'none'], 'no token has the id "none"'],
  ] as const) {
    const { exitCode, stderr } = await herald(argv, { env });
    expect([exitCode, stderr]).toEqual([EXIT.usage, expect.stringContaining(wrong)]);
  }
});

it('posts receipts, knowing the secrets of webhooks and none of the channels', async () => {
  const receiver = await startReceiver();
  const path = join(dir, 'webhooks.yaml');
  const crm = { url: receiver.url, secret: `\${WEBHOOK_SECRET}`, privateAddresses: true };
  const channels = { kongregate: { platform: 'kongregate', apiKey: `\${NOT_SET_HERE}` } };
  await writeFile(
    path,
    JSON.stringify({ redis: server.url, http: { port: 0 }, channels, webhooks: { crm } }),
  );
  const command = startCommand(['serve', '--config', path], { WEBHOOK_SECRET });
  await eventually('the endpoint to be served', () => command.stdout().includes('posting receipts'));
  const fields = { v: 1, id: 'a', run: 1, state: 'dead', reason: 'stalled', at: 1, attempts: 1 };
  const flat = Object.entries(fields).flatMap(([name, value]) => [name, String(value)]);
  await redis.xadd(channelKeys('kongregate').receipts, '*', ...flat);
  await eventually('the receipt', () => receiver.posted.length === 1);
  command.signal('SIGTERM');
  expect(await command.ended()).toBe(EXIT.done);
  await receiver.close();
});
