/**
 * What it costs to enqueue over HTTP: `npm run bench:http [how many]`.
 *
 * The same messages are enqueued by `sendMany` in a process of Node, and streamed to `herald serve` by the Python program of
 * examples/, over one connection, and over one that is cut twice. What is taken is counted in Redis.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Table from 'cli-table3';
import { createAdmin, createProducer } from '../src/app.ts';
import { systemClock } from '../src/clock.ts';
import { startRedis } from '../src/sandbox/index.ts';
import { openCuttingProxy } from '../testing/cutting-proxy.ts';
import { eventually } from '../testing/eventually.ts';
import { runProgram } from '../testing/foreign-program.ts';

const CHANNEL = 'kongregate';
const PROGRAM = new URL('../examples/stream.py', import.meta.url).pathname;
const MAIN = new URL('../dist/src/main.js', import.meta.url).pathname;

const count = Number(process.argv[2] ?? 100_000);
const server = await startRedis();
const folder = await mkdtemp(join(tmpdir(), 'herald-bench-'));
// The placeholder is never resolved: nothing is delivered.
const channels = { [CHANNEL]: { platform: CHANNEL, apiKey: `\${NOT_NEEDED}` } } as const;
const config = join(folder, 'herald.json');
await writeFile(
  config,
  JSON.stringify({
    redis: server.url,
    http: { port: 0, api: { port: 0 } },
    channels,
  }),
);
const admin = createAdmin({ redis: server.url, config: { channels } });
const serving = spawn(process.execPath, [MAIN, 'serve', '--config', config], {
  stdio: ['ignore', 'pipe', 'inherit'],
});

const messages = (prefix: string) =>
  Array.from({ length: count }, (_, i) => ({
    ...{ id: `${prefix}-${i}`, platform: 'kongregate' as const, to: { userId: i + 1 } },
    content: `Hello, **player ${i}**, your daily reward is waiting`,
  }));

async function waiting(): Promise<number> {
  const [status] = await admin.status().catch(() => []);
  return status?.queue.ready ?? 0;
}

interface Row {
  name: string;
  seconds: number;
  requests: number;
  /** Messages in Redis. */
  taken: number;
}

async function measured(
  name: string,
  run: () => Promise<{ seconds: number; requests: number }>,
): Promise<Row> {
  const before = await waiting();
  const { seconds, requests } = await run();
  return { name, seconds, requests, taken: (await waiting()) - before };
}

async function byNode() {
  const producer = createProducer({ redis: server.url, channels: [CHANNEL] });
  const list = messages('node');
  const from = systemClock.monotonic();
  await producer.sendMany(list);
  const seconds = (systemClock.monotonic() - from) / 1000;
  await producer.close();
  return { seconds, requests: 0 };
}

/** From the start of its process to its end. */
async function byPython(prefix: string, url: string, token: string) {
  const input = messages(prefix)
    .map((message) => `${JSON.stringify(message)}\n`)
    .join('');
  const from = systemClock.monotonic();
  const { code, stdout, stderr } = await runProgram('python3', [PROGRAM, url], {
    env: { HERALD_TOKEN: token },
    input,
  }).ended;
  if (code !== 0) throw new Error(`the Python program ended with ${code}: ${stderr}`);
  const seconds = (systemClock.monotonic() - from) / 1000;
  return { seconds, requests: (JSON.parse(stdout) as { requests: number }).requests };
}

try {
  let log = '';
  serving.stdout.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const url = (await eventually('the server', () => /"url":"([^"]+)","msg":"api listening"/.exec(log)?.[1]))!;
  const { token } = await admin.tokens.create({ name: 'bench', scopes: ['send'] });
  const bytes = messages('http').reduce((sum, message) => sum + JSON.stringify(message).length + 1, 0);
  const proxy = await openCuttingProxy(Number(new URL(url).port), [bytes / 3, bytes / 3]);
  const rows = [
    await measured('sendMany, in a process of Node', byNode),
    await measured('POST /v1/messages, a stream from Python', () => byPython('http', url, token)),
    await measured('the same, its connection cut twice', () =>
      byPython('cuts', `http://127.0.0.1:${proxy.port}`, token),
    ),
  ];
  await proxy.close();
  const unit = count / rows[0]!.seconds;
  const table = new Table({ head: ['', 'messages', 'taken', 'requests', 's', 'messages/s', 'of sendMany'] });
  for (const { name, seconds, requests, taken } of rows) {
    const rate = count / seconds;
    const share = `${Math.round((rate / unit) * 100)} %`;
    table.push([name, count, taken, requests || '', seconds.toFixed(2), Math.round(rate), share]);
  }
  console.log(table.toString());
  if (rows.some(({ taken }) => taken !== count))
    throw new Error('some messages were taken twice, or not at all');
} finally {
  const ended = once(serving, 'exit');
  serving.kill();
  await ended;
  await admin.close();
  await server.stop();
  await rm(folder, { recursive: true });
}
