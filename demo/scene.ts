import type { CommandContext } from '../src/cli/context.ts';
import { accountOptions } from '../src/sandbox/accounts.ts';
import type { RedisServer, Sandbox } from '../src/sandbox/index.ts';
import { startSandbox } from '../src/sandbox/index.ts';
import { ownRedis } from '../testing/own-redis.ts';
import { channelsAt } from './channels.ts';
import { LATENCY } from './timeline.ts';
import { createWorkerProcess, type DemoWorker, type WorkerProcessOptions } from './worker-process.ts';

/** Everything that runs during a demo, all of it the demo's own. */
export interface Scene {
  readonly redis: RedisServer;
  readonly sandbox: Sandbox;
  readonly workers: readonly DemoWorker[];
  /** Leaves nothing running and no file. */
  close(): Promise<void>;
}

const SEED = 7;
/** One "day" that no demo sees the end of: at midnight players may have another message. */
const ENDLESS_DAY_MS = Number.MAX_SAFE_INTEGER;

const configFor = (redis: RedisServer, sandbox: Sandbox): object => ({
  redis: redis.url,
  http: false,
  drainTimeout: '2s',
  channels: channelsAt(sandbox.url),
});

export interface SceneOptions {
  context: CommandContext;
  tell: (line: string) => void;
  onAttempt: WorkerProcessOptions['onAttempt'];
  /** Told of a worker that nobody ended. */
  onBroken(name: string): void;
}

/** @throws CommandFailure where no Redis can be had */
export async function openScene({ context, tell, onAttempt, onBroken }: SceneOptions): Promise<Scene> {
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const accounts = accountOptions();
    // Opened first and so closed last: its open port keeps this process alive until all else has ended.
    const sandbox = await startSandbox({
      clock: context.clock,
      seed: SEED,
      faults: [LATENCY],
      ...accounts,
      kongregate: { ...accounts.kongregate, dayMs: ENDLESS_DAY_MS },
      discourse: { ...accounts.discourse, requestsPerMinute: 1_000_000 },
    });
    closers.push(() => sandbox.close());
    const redis = await ownRedis(context, tell);
    closers.push(() => redis.stop());
    const workers: DemoWorker[] = [];
    closers.push(async () => void (await Promise.all(workers.map((worker) => worker.stop()))));
    for (const name of ['worker 1', 'worker 2']) {
      const config = configFor(redis, sandbox);
      workers.push(
        await createWorkerProcess({
          name,
          config,
          env: context.env,
          onAttempt,
          onBroken: () => onBroken(name),
        }),
      );
    }
    return { redis, sandbox, workers, close };
  } catch (error) {
    await close();
    throw error;
  }
}
