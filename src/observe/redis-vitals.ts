import type { Redis } from 'ioredis';
import { noAnswer, redisErrorKind } from '../redis/errors.ts';
import { withTimeout } from '../timeout.ts';
import type { OutageLog } from './outage-log.ts';
import type { RedisMetrics } from './redis-metrics.ts';

/** Whether Redis answers and takes writes, as this process sees it: for `herald_redis_up`, the readiness probe and the log. */
export interface RedisVitals {
  /** Call with every error of a Redis call. The same error object is counted once. */
  report(error: Error): void;
  /** Call when Redis takes writes again. */
  acceptsWrites(): void;
  /** Tries a write and resolves with what is wrong; undefined if nothing is. Concurrent calls share one try. */
  check(): Promise<string | undefined>;
  start(): void;
  stop(): void;
}

export interface RedisVitalsDeps {
  connections: readonly Redis[];
  /** Writes something on each connection. */
  probe(): Promise<unknown>;
  /** Called with the error of a write that Redis refused or did not answer. */
  onFailure(error: Error): void;
  metrics: RedisMetrics;
  outages: OutageLog;
}

const CHECK_MS = 5_000;
const SILENT_MS = 2_000;

export function createRedisVitals(deps: RedisVitalsDeps): RedisVitals {
  const { connections, metrics, outages } = deps;
  const reported = new WeakSet<Error>();
  let answers = false;
  let timer: NodeJS.Timeout | undefined;
  let checking: Promise<string | undefined> | undefined;

  const connected = (): boolean => connections.every(({ status }) => status === 'ready');
  const show = (): void => metrics.up(answers && connected());

  function report(error: Error): void {
    if (reported.has(error)) return;
    reported.add(error);
    metrics.error(redisErrorKind(error));
    outages.report(error);
  }

  async function tryWrite(): Promise<string | undefined> {
    const silent = (): Promise<never> => Promise.reject(noAnswer(SILENT_MS));
    try {
      await withTimeout(deps.probe(), SILENT_MS, silent);
      if (!answers) outages.acceptsWrites();
      answers = true;
      return undefined;
    } catch (error) {
      answers = false;
      deps.onFailure(error as Error);
      return (error as Error).message;
    } finally {
      show();
    }
  }

  const vitals: RedisVitals = {
    report,
    acceptsWrites() {
      outages.acceptsWrites();
      void vitals.check();
    },
    async check() {
      if (!connected()) return 'not connected';
      checking ??= tryWrite().finally(() => {
        checking = undefined;
      });
      return await checking;
    },
    start() {
      for (const connection of connections) watchConnection(connection);
      timer ??= setInterval(() => void vitals.check(), CHECK_MS).unref();
      void vitals.check();
    },
    stop() {
      clearInterval(timer);
      timer = undefined;
      for (const connection of connections) connection.off('close', show);
    },
  };

  function watchConnection(connection: Redis): void {
    let before = connection.status === 'ready';
    connection.on('close', show);
    connection.on('ready', () => {
      if (before) metrics.reconnected();
      before = true;
      void vitals.check();
    });
  }
  return vitals;
}
