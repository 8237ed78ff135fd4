/**
 * Two built checkouts side by side, in turns: `npm run bench:compare -- <checkout> <checkout> [messages] [rounds]`.
 *
 * Each turn has a Redis and a sink of its own: `herald send` enqueues the messages, then one `herald worker`
 * (Kongregate with its quota, no rate, concurrency 100) delivers them. Prints the medians of the rounds, and those of the second
 * checkout's shares of the first one's, each taken within a round.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import Table from 'cli-table3';
import { Redis } from 'ioredis';
import { startRedis } from '../src/sandbox/index.ts';
import { startChild } from './child.ts';
import { redisCpuSeconds, usedBytes } from './redis-figures.ts';
import type { Expectation, SinkReport } from './sink.ts';
import { summarise } from './statistics.ts';

interface Figures {
  'enqueued a second': number;
  'delivered a second': number;
  'worker CPU s a 10,000': number;
  'Redis CPU s a 10,000': number;
  'Redis bytes a queued message': number;
}

const [first, second, messages = '10000', rounds = '5'] = process.argv.slice(2);
if (first === undefined || second === undefined) throw new Error('name two checkouts that are built');
const count = Number(messages);
const dir = await mkdtemp(join(tmpdir(), 'herald-bench-'));
const input = join(dir, 'messages.ndjson');
await writeFile(input, Array.from({ length: count }, (_, i) => `${JSON.stringify(message(i))}\n`).join(''));
const results: [Figures[], Figures[]] = [[], []];
try {
  for (let round = 0; round < Number(rounds); round++) {
    // Alternates who goes first, so that the after-effects of a turn fall on both.
    const order = round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const);
    for (const side of order) results[side].push(await turn(resolve([first, second][side] as string)));
    process.stderr.write(`round ${round + 1} of ${rounds}\n`);
  }
} finally {
  await rm(dir, { recursive: true });
}
print();

function message(i: number): object {
  const content = `Hello **player ${i}**, your guild has won the battle of the day and shares its spoils.`;
  return { id: `m-${i}`, platform: 'kongregate', to: { userId: i + 1 }, content };
}

/** The built command, wherever that version builds it. */
async function commandOf(checkout: string): Promise<string> {
  return JSON.parse(await readFile(join(checkout, 'package.json'), 'utf8')).bin.herald;
}

async function turn(checkout: string): Promise<Figures> {
  const server = await startRedis();
  const redis = new Redis(server.url);
  const sink = startChild<SinkReport>('sink.ts');
  let worker: ChildProcess | undefined;
  try {
    const { url: baseUrl } = await sink.heard('listening');
    const config = join(dir, 'herald.yaml');
    const channel = { platform: 'kongregate', apiKey: 'k', baseUrl, rate: false, concurrency: 100 };
    const http = { port: 20_000 + Math.floor(Number(new URL(baseUrl).port) / 2) };
    const channels = { kongregate: channel };
    await writeFile(config, JSON.stringify({ redis: server.url, logLevel: 'warn', http, channels }));
    const main = join(checkout, await commandOf(checkout));

    const empty = await usedBytes(redis);
    const startedAt = performance.now();
    const [code] = await once(
      run(process.execPath, [main, 'send', input, '--config', config, '--json']),
      'exit',
    );
    if (code !== 0) throw new Error(`herald send of ${checkout} ended with ${code}`);
    const enqueuedMs = performance.now() - startedAt;
    const queuedBytes = (await usedBytes(redis)) - empty;

    const redisBefore = await redisCpuSeconds(redis);
    sink.tell({ warmUp: 0, count } satisfies Expectation);
    await sink.heard('expecting');
    worker = run(process.execPath, [main, 'worker', '--config', config]);
    worker.stdout?.resume();
    const ended = once(worker, 'exit').then(([code]) =>
      Promise.reject(new Error(`the worker ended with ${code}`)),
    );
    const { ms } = await Promise.race([sink.heard('complete'), ended]);
    const metrics = await (await fetch(`http://127.0.0.1:${http.port}/metrics`)).text();
    const workerCpu = Number(/^process_cpu_seconds_total (\S+)/m.exec(metrics)?.[1]);
    const per10k = 10_000 / count;
    return {
      'enqueued a second': count / (enqueuedMs / 1_000),
      'delivered a second': count / (ms / 1_000),
      'worker CPU s a 10,000': workerCpu * per10k,
      'Redis CPU s a 10,000': ((await redisCpuSeconds(redis)) - redisBefore) * per10k,
      'Redis bytes a queued message': queuedBytes / count,
    };
  } finally {
    worker?.kill('SIGKILL');
    await sink.kill();
    redis.disconnect();
    await server.stop();
  }
}

function run(program: string, argv: string[]): ChildProcess {
  return spawn(program, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
}

function print(): void {
  const table = new Table({ head: ['', first!, second!, 'second / first'], style: { head: [] } });
  for (const name of Object.keys(results[0][0]!) as (keyof Figures)[]) {
    const [a, b] = results.map((side) => side.map((figures) => figures[name])) as [number[], number[]];
    const shares = b.map((figure, round) => figure / a[round]!);
    const { median, min, max } = summarise(shares)!;
    const [share, least, most] = [median, min, max].map((each) => each.toFixed(2));
    table.push([name, medianOf(a), medianOf(b), `${share} (${least}–${most})`]);
  }
  process.stdout.write(`${table.toString()}\n`);
}

function medianOf(figures: number[]): string {
  return summarise(figures)!.median.toPrecision(4);
}
