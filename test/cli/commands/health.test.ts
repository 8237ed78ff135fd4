// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders are what a configuration holds
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { EXIT } from '../../../src/cli/context.ts';
import { herald } from '../test-context.ts';

/** A configuration file that nothing but its address of the probes is read of. */
function configuration(http: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'herald-health-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'herald.yaml');
  writeFileSync(file, `http: ${http}\nchannels: { kongregate: { apiKey: "\${NOT_SET}" } }\n`);
  return file;
}

/** What a worker serves, played. @returns its port */
async function serve(answer: RequestListener): Promise<number> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const probes: RequestListener = ({ url }, response) => {
  response.statusCode = url === '/livez' ? 200 : 503;
  response.end('{"status":"told"}');
};

it('tells by its exit code what the worker answers', async () => {
  const file = configuration(`{ port: ${await serve(probes)} }`);
  expect(await herald(['health', '--config', file])).toEqual({
    exitCode: EXIT.done,
    stdout: '/livez ok: {"status":"told"}\n',
    stderr: '',
  });
  const ready = await herald(['health', '--ready', '--json', '-c', file]);
  expect([ready.exitCode, JSON.parse(ready.stdout)]).toEqual([
    EXIT.partly,
    { ok: false, detail: '{"status":"told"}' },
  ]);
});

it('asks on the loopback where the worker listens on all addresses, at the port that the environment gives', async () => {
  const file = configuration('{ host: 0.0.0.0, port: "${PORT:-1}" }');
  const env = { HERALD_CONFIG: file, PORT: String(await serve(probes)) };
  expect((await herald(['health'], { env })).exitCode).toBe(EXIT.done);
});

it('fails when nobody listens, and within two seconds when nobody answers', async () => {
  const refused = await herald(['health', '-c', configuration('{ port: 1 }')]);
  expect([refused.exitCode, refused.stdout]).toEqual([EXIT.partly, '/livez failed: ECONNREFUSED\n']);
  const silent = await herald(['health', '-c', configuration(`{ port: ${await serve(() => {})} }`)]);
  expect([silent.exitCode, silent.stdout]).toEqual([
    EXIT.partly,
    '/livez failed: no answer within 2000 ms\n',
  ]);
});

it.each([
  ['false', 'serves no probes'],
  ['{ port: 0 }', ':1: http.port: expected the port that the worker listens on'],
  ['{ port: "${PORT}" }', ':1: http.port: the environment variable PORT is not set'],
])('takes http: %s for a wrong configuration', async (http, problem) => {
  const { exitCode, stderr } = await herald(['health', '-c', configuration(http)]);
  expect(exitCode).toBe(EXIT.usage);
  expect(stderr).toContain(problem);
});
