/**
 * How long it takes to predict a replay of many dead letters, to replay and to purge them: `npm run bench:dead-letters [how many]`.
 *
 * A worker makes the letters by delivering to a platform that refuses each recipient. They are replayed while it is away, die once more,
 * and are purged.
 */
import Table from 'cli-table3';
import { predictReplay } from '../src/admin/replay-outlook.ts';
import { createProducer } from '../src/app.ts';
import { openInstallation } from '../src/channels/installation.ts';
import { systemClock } from '../src/clock.ts';
import { purgeSelected } from '../src/dead-letters/purge.ts';
import { replaySelected } from '../src/dead-letters/replay.ts';
import { selectDeadLetters } from '../src/dead-letters/selection.ts';
import { createLogger } from '../src/observe/log.ts';
import type { PlatformClient } from '../src/platforms/port.ts';
import { platforms } from '../src/platforms/registry.ts';
import { accountChannels } from '../src/sandbox/accounts.ts';
import { startRedis } from '../src/sandbox/index.ts';
import { buildWorker } from '../src/workers/worker.ts';
import { readConfig } from '../testing/local-worker.ts';

const CHANNEL = 'kongregate';
const LOOK_MS = 100;

const count = Number(process.argv[2] ?? 100_000);
const server = await startRedis();
const config = readConfig({
  redis: server.url,
  http: false,
  logLevel: 'error',
  channels: {
    [CHANNEL]: {
      ...accountChannels('http://127.0.0.1:9').kongregate,
      ...{ eligibility: false, quota: false, rate: false, concurrency: 100 },
    },
  },
});

/** Refuses every recipient, without a request. */
const refusing = (client: PlatformClient): PlatformClient => ({
  ...client,
  send: async () => ({ kind: 'rejected', reason: 'bad_recipient', detail: 'nobody of that name' }),
  close: () => client.close(),
});

async function letDie(): Promise<void> {
  const logger = createLogger({ level: 'error', secrets: [], destination: { write() {} } });
  const worker = buildWorker(config, { platforms, logger, wrap: { client: refusing } });
  await worker.start();
  while ((await selectDeadLetters(installation, {})).letters < count)
    await new Promise((done) => setTimeout(done, LOOK_MS));
  await worker.close();
}

async function seconds(run: () => Promise<unknown>): Promise<number> {
  const from = systemClock.monotonic();
  await run();
  return (systemClock.monotonic() - from) / 1000;
}

const producer = createProducer({ redis: server.url, channels: [CHANNEL] });
await producer.sendMany(
  Array.from({ length: count }, (_, i) => ({
    platform: 'kongregate' as const,
    to: { userId: i + 1 },
    content: `Hello, **player ${i}**, your daily reward is waiting`,
  })),
);
await producer.close();
const installation = await openInstallation(
  { redis: server.url, channels: config.channels },
  { platforms, clock: systemClock },
);
try {
  await letDie();
  const prediction = await seconds(
    async () => await predictReplay((await selectDeadLetters(installation, {})).read()),
  );
  const replay = await seconds(
    async () => await replaySelected(installation, (await selectDeadLetters(installation, {})).read()),
  );
  await letDie();
  const purge = await seconds(
    async () => await purgeSelected((await selectDeadLetters(installation, {})).read()),
  );
  const table = new Table({ head: ['dead letters', 'predicted, s', 'replayed, s', 'purged, s'] });
  table.push([count, prediction.toFixed(2), replay.toFixed(2), purge.toFixed(2)]);
  console.log(table.toString());
} finally {
  await installation.close();
  await server.stop();
}
