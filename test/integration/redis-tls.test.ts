import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { EXIT } from '../../src/cli/context.ts';
import { startRedis, startSandbox } from '../../src/sandbox/index.ts';
import { eventually } from '../../testing/eventually.ts';
import { startCommand } from '../cli/command-process.ts';
import { makeCertificates } from '../support/certificates.ts';
import { openTlsDoor } from '../support/tls-door.ts';

/** Who trusts an authority of one's own is told by the environment at the start: so these are processes. */

/** They try for five seconds, side by side with others. */
const UNHURRIED_MS = 30_000;

/** A Redis that speaks TLS, by a certificate for `name`. */
async function stage(name: string) {
  const certificates = await makeCertificates(name);
  onTestFinished(() => certificates.remove());
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const { port: tlsPort, close } = await openTlsDoor(redis.port, certificates);
  onTestFinished(close);
  const sandbox = await startSandbox();
  onTestFinished(() => sandbox.close());
  const dir = await mkdtemp(join(tmpdir(), 'herald-tls-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const path = (file: string): string => join(dir, file);
  const channel = { platform: 'kongregate', apiKey: 'sandbox-key', baseUrl: `${sandbox.url}/kongregate/api` };
  const config = { redis: `rediss://127.0.0.1:${tlsPort}`, http: false, channels: { kongregate: channel } };
  await writeFile(path('herald.yaml'), JSON.stringify(config));
  await writeFile(path('messages'), '{"platform":"kongregate","to":{"userId":11},"content":"Hello"}\n');
  const start = (argv: string[], env: Record<string, string>) =>
    startCommand([...argv, '--config', path('herald.yaml')], env);
  return { ca: certificates.ca, messages: path('messages'), start, sandbox };
}

it('carries a message over TLS, by an authority of one’s own', async () => {
  const { ca, messages, start, sandbox } = await stage('127.0.0.1');
  const env = { NODE_EXTRA_CA_CERTS: ca };
  const send = start(['send', messages], env);
  expect([await send.ended(), send.stderr()]).toEqual([EXIT.done, '']);
  const worker = start(['worker'], env);
  await eventually(
    `the delivery (${worker.stderr()})`,
    () => sandbox.journal.report().accepted,
    (accepted) => accepted === 1,
  );
  worker.signal('SIGTERM');
  expect(await worker.ended()).toBe(EXIT.done);
});

it.each([
  [
    'an authority that nobody knows',
    '127.0.0.1',
    'has an untrusted certificate (a private authority is named by NODE_EXTRA_CA_CERTS',
  ],
  ['the name of another', 'redis.example.com', 'has a certificate for another host: '],
])('takes no Redis by %s, and says why', async (_, name, why) => {
  const { ca, messages, start, sandbox } = await stage(name);
  // The environment may say that it does not matter.
  const trust = name === 'redis.example.com' ? { NODE_EXTRA_CA_CERTS: ca } : {};
  const env = { ...trust, NODE_TLS_REJECT_UNAUTHORIZED: '0' };
  const [send, doctor, worker] = [
    start(['send', messages], env),
    start(['doctor'], env),
    start(['worker'], env),
  ];
  expect([await send.ended(UNHURRIED_MS), await doctor.ended(UNHURRIED_MS)]).toEqual([
    EXIT.unreachable,
    EXIT.unreachable,
  ]);
  expect(send.stderr()).toContain(why);
  expect(doctor.stdout().replace(/\s+/g, ' ')).toContain(why);
  const told = (log: string): boolean => /certificate.*"redis is unreachable"/.test(log);
  await eventually('the reason in the log', worker.stdout, told, { withinMs: UNHURRIED_MS });
  worker.signal('SIGTERM');
  await worker.ended();
  expect(sandbox.journal.report().accepted).toBe(0);
});
