import type { CommandContext } from '../src/cli/context.ts';
import type { Fault } from '../src/sandbox/index.ts';
import { type Environment, openEnvironment } from '../testing/environment.ts';
import { ownRedis } from '../testing/own-redis.ts';
import type { WorkerProcess } from '../testing/worker-process.ts';
import { FIELDS } from './channels.ts';

/** What runs during a demo, all of it the demo's own: a Redis, the simulated platforms and two workers. */
export interface DemoEnvironment extends Pick<Environment, 'server' | 'sandbox' | 'close'> {
  readonly workers: readonly [DemoWorker, DemoWorker];
}

/** A worker that can be killed and started again. */
export interface DemoWorker {
  readonly name: string;
  readonly pid: number | undefined;
  readonly state: 'starting' | 'delivering' | 'killed';
  /** How many jobs it picked up since it was started. */
  readonly pickups: number;
  start(): void;
  /** `kill -9`. */
  kill(): Promise<void>;
}

const SEED = 7;
/** Kongregate's usual latency, so that a killed worker leaves sends with an unknown end. */
const LATENCY: Fault = { kind: 'latency', latencyMs: 45, platform: 'kongregate' };
/** A "day" that no demo sees the end of: at midnight players may have another message. */
const ENDLESS_DAY_MS = Number.MAX_SAFE_INTEGER;

export interface DemoOptions {
  context: CommandContext;
  print(line: string): void;
  /** Called when a worker ends without having been killed. */
  onBroken(worker: WorkerProcess): void;
}

/** Starts everything but the workers. @throws CommandFailure where no Redis can be had */
export async function openDemo({ context, print, onBroken }: DemoOptions): Promise<DemoEnvironment> {
  const env = await openEnvironment({
    channels: FIELDS,
    sandbox: {
      ...{ clock: context.clock, seed: SEED, faults: [LATENCY] },
      kongregate: { dayMs: ENDLESS_DAY_MS },
      discourse: { requestsPerMinute: 1_000_000 },
    },
    startRedis: () => ownRedis(context, print),
    config: { http: false, drainTimeout: '2s' },
  });
  let closing = false;
  const onEnd = (worker: WorkerProcess): void => void (closing || onBroken(worker));
  const close = (): Promise<void> => {
    closing = true;
    return env.close();
  };
  return {
    ...env,
    workers: [createWorker('worker 1', env, onEnd), createWorker('worker 2', env, onEnd)],
    close,
  };
}

function createWorker(name: string, env: Environment, onEnd: DemoOptions['onBroken']): DemoWorker {
  let process: WorkerProcess | undefined;
  let killed = false;
  return {
    name,
    get pid() {
      return process?.pid;
    },
    get state() {
      if (killed) return 'killed';
      return process?.delivering ? 'delivering' : 'starting';
    },
    get pickups() {
      return process?.pickups ?? 0;
    },
    start() {
      killed = false;
      process = env.spawn({ name, onEnd: (ended) => void (killed || onEnd(ended)) });
    },
    async kill() {
      killed = true;
      await process?.kill();
    },
  };
}
