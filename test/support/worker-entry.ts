import { readFileSync } from 'node:fs';
import { destination } from 'pino';
import { secretsOf } from '../../src/app.ts';
import { systemClock } from '../../src/clock.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { createLogger } from '../../src/observe/log.ts';
import { platforms } from '../../src/platforms/registry.ts';
import type { Wrappers } from '../../src/workers/channel.ts';
import { buildWorker } from '../../src/workers/worker.ts';
import { PLAN, type WorkerPlan } from './worker-plan.ts';

/**
 * A worker in a process of its own. Standard output tells its life, a word a line: `started`, `ready <url>`, `closed <json>`; the
 * log goes to standard error. It never calls `process.exit`: after a close it ends only if nothing is left open.
 */

const die = (): never => {
  process.kill(process.pid, 'SIGKILL');
  // The signal arrives in its own time; nothing may happen until then.
  for (;;);
};

function deaths(at: WorkerPlan['dieAt']): Wrappers {
  return {
    ledger: (ledger) => ({
      async admit(message) {
        const admitted = await ledger.admit(message);
        if (at === 'granted' && admitted.verdict.kind === 'granted') die();
        return admitted;
      },
      async settle(settlement) {
        const settled = await ledger.settle(settlement);
        if (at === 'settled' && settlement.final) die();
        return settled;
      },
    }),
    client: (client) => ({
      ...client,
      async send(request) {
        const outcome = await client.send(request);
        if (at === 'answered') die();
        return outcome;
      },
    }),
  };
}

const plan = JSON.parse(process.env[PLAN] ?? '{}') as WorkerPlan;
const { clockAheadMs = 0, stepMs = 0, random } = plan;
const dateNow = Date.now;
let steppedMs = 0;
Date.now = () => dateNow() + steppedMs;
process.on('SIGUSR2', () => {
  steppedMs = stepMs - steppedMs;
});
const readFile = (path: string) => readFileSync(path, 'utf8');
const config = parseConfig(plan.config, { platforms, env: {}, secrets: 'resolve', readFile });
const worker = buildWorker(config, {
  platforms,
  logger: createLogger({ level: config.logLevel, destination: destination(2), secrets: secretsOf(config) }),
  clock: { ...systemClock, now: () => systemClock.now() + clockAheadMs },
  random: random === undefined ? undefined : () => random,
  wrap: deaths(plan.dieAt),
});

let closing = false;
process.once('SIGTERM', async () => {
  closing = true;
  const drained = await worker.close();
  process.stdout.write(`closed ${JSON.stringify(drained)}\n`);
});
process.stdout.write('started -\n');
try {
  await worker.start();
  process.stdout.write(`ready ${worker.url}\n`);
} catch (error) {
  // A start that a close cut short.
  if (!closing) throw error;
}
