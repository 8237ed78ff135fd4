import { once } from 'node:events';
import { createServer } from 'node:net';
import { request } from 'undici';
import { expect, it } from 'vitest';
import { EXIT } from '../../../src/cli/context.ts';
import { runCommandLine } from '../../../src/cli/program.ts';
import { eventually } from '../../../testing/eventually.ts';
import { herald, testContext } from '../test-context.ts';

/** Starts the command and waits for the addresses that it prints. */
async function start(...argv: string[]) {
  const { context, stdout, stderr, interrupt } = testContext();
  const ended = runCommandLine(['sandbox', '--json', '--port', '0', ...argv], context, '1.2.3');
  const first = await eventually('its addresses', () => stdout().split('\n')[0] ?? '');
  const addresses = JSON.parse(first) as { url: string; kongregate: string; control: string };
  return { addresses, ended, stdout, stderr, interrupt };
}

const send = async (baseUrl: string, userId: number, apiKey: string) => {
  const answer = await request(`${baseUrl}/private_message.json`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ api_key: apiKey, user_id: userId, content: 'hello' }),
  });
  return { status: answer.statusCode, text: await answer.body.text() };
};

it('plays Kongregate until it is interrupted, then reports', async () => {
  const { addresses, ended, stdout, stderr, interrupt } = await start('--api-key', 'mine');
  expect((await send(addresses.kongregate, 31, 'mine')).text).toBe('{"success":true}');
  expect((await send(addresses.kongregate, 31, 'sandbox-key')).text).toContain('Invalid credentials');
  expect(stderr()).toMatch(
    /^\d\d:\d\d:\d\d kongregate accepted: 31\n\d\d:\d\d:\d\d kongregate bad_credentials: \S+\n$/,
  );
  interrupt();
  expect(await ended).toBe(EXIT.done);
  const report = JSON.parse(stdout().trim().split('\n')[1]!);
  expect(report).toMatchObject({ calls: 2, accepted: 1, results: { accepted: 1, bad_credentials: 1 } });
  await expect(request(addresses.url)).rejects.toThrow();
});

it('arms the faults that it is given', async () => {
  const { addresses, ended, interrupt } = await start(
    '--fault',
    '{"kind":"server_error","count":1}',
    '--fault',
    'rate_limited:1',
  );
  expect((await send(addresses.kongregate, 31, 'sandbox-key')).status).toBe(503);
  expect((await send(addresses.kongregate, 31, 'sandbox-key')).status).toBe(429);
  interrupt();
  await ended;
});

it.each([
  ['--fault', 'earthquake', /kind: expected one of latency, server_error, .*, got "earthquake"/],
  ['--fault', 'reset:2', /probability: expected at most 1, got 2/],
  ['--fault', 'reset:', /expected a share from 0 to 1 after the colon/],
  ['--fault', 'reset:half', /expected a share from 0 to 1 after the colon/],
  ['--fault', 'latency', /latencyMs: is missing/],
  ['--fault', '{"kind":"reset","latencyMs":5}', /latencyMs: is not a known field/],
  ['--fault', '{"kind":', /not valid JSON/],
  ['--port', '70000', /whole number from 0 to 65535/],
  ['--day', '10', /expected a duration/],
])('refuses %s %s', async (option, value, why) => {
  const { exitCode, stderr } = await herald(['sandbox', option, value]);
  expect(exitCode).toBe(EXIT.usage);
  expect(stderr).toMatch(why);
});

it('says that the port is taken', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as { port: number };
  const { exitCode, stderr } = await herald(['sandbox', '--port', String(port)]);
  expect([exitCode, stderr]).toEqual([
    EXIT.usage,
    `herald: cannot listen on 127.0.0.1:${port}: the port is in use\n`,
  ]);
  other.close();
});
