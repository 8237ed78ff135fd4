import { createInterface } from 'node:readline';
import { destination } from 'pino';
import { secretsOf } from '../src/app.ts';
import { systemClock } from '../src/clock.ts';
import { parseConfig } from '../src/config/parse.ts';
import { createLogger } from '../src/observe/log.ts';
import { platforms } from '../src/platforms/registry.ts';
import { buildWorker } from '../src/workers/worker.ts';
import { type Ambush, createAmbushes, tellOn } from './steps.ts';

/**
 * A worker in a process of its own, built as in production and with ambushes at its seams. Its one argument is a
 * WorkerPlan as JSON. It hears of ambushes and steps of its clock on standard input, a JSON object a line, and does not
 * outlive it; it tells its life on file descriptor 3; its log goes to standard error.
 */
export interface WorkerPlan {
  /** Of herald.yaml's shape. */
  config: Record<string, unknown>;
  /** How far its clock is ahead of the machine's. */
  clockAheadMs: number;
  /** In wait from the start. */
  ambush?: Ambush;
}

/** The clock of the whole process, BullMQ's and the libraries' included, is this far ahead of the machine's from now on. */
export interface ClockStep {
  clockAheadMs: number;
}

/** What a start is refused with that may begin later: another policy is in force, or another name has the account. */
const WAITS = ['QuotaChangedError', 'AccountTakenError'];
const LIVE_EVERY_MS = 2_000;

const { config: source, clockAheadMs, ambush } = JSON.parse(process.argv[2] ?? '') as WorkerPlan;
const tell = tellOn(3);
const dateNow = Date.now;
let steppedMs = 0;
Date.now = () => dateNow() + steppedMs;
const ambushes = createAmbushes(tell);
if (ambush) ambushes.set(ambush);
const readFile = (): never => {
  throw new Error('a chaos worker reads no secret out of a file');
};
const config = parseConfig(source, { platforms, env: {}, secrets: 'resolve', readFile });
const worker = buildWorker(config, {
  platforms,
  logger: createLogger({ level: config.logLevel, destination: destination(2), secrets: secretsOf(config) }),
  clock: { ...systemClock, now: () => systemClock.now() + clockAheadMs },
  wrap: ambushes.wrappers,
});

let closing = false;
const orders = createInterface({ input: process.stdin });
orders.on('line', (line) => {
  const order = JSON.parse(line) as Ambush | ClockStep;
  if ('clockAheadMs' in order) steppedMs = order.clockAheadMs;
  else ambushes.set(order);
});
orders.on('close', () => {
  if (!closing) process.kill(process.pid, 'SIGKILL');
});
process.once('SIGTERM', async () => {
  closing = true;
  orders.close();
  process.stdin.destroy();
  tell(`closed ${JSON.stringify(await worker.close())}`);
});
try {
  await worker.start();
  tell('ready');
  const looking = setInterval(() => void look(), LIVE_EVERY_MS);
  looking.unref();
} catch (error) {
  if (error instanceof Error && WAITS.includes(error.name)) {
    tell(`refused ${error.message}`);
    process.exit(1);
  }
  // A start that a close cut short.
  if (!closing) throw error;
}

/** What an orchestrator asks, and restarts the worker by. */
async function look(): Promise<void> {
  const answer = await fetch(`${worker.url}/livez`).catch(() => undefined);
  if (answer && answer.status !== 200) tell(`stuck ${await answer.text()}`);
}
