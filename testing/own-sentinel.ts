import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from '../src/sandbox/free-port.ts';
import { eventually } from './eventually.ts';
import { spawned, startOwnProcess } from './own-process.ts';

/** A Sentinel on the loopback, a process of its own. */
export interface Sentinel {
  /** As a client is given it, with its login. */
  readonly url: string;
  /** For looking. */
  readonly redis: Redis;
  /** SIGSTOP: it accepts connections, and answers nothing. */
  freeze(): void;
  close(): Promise<void>;
}

export interface SentinelOptions {
  /** The port of the master at this moment. */
  master: number;
  /** How many Sentinels have to agree that the master is away. Default: 1. */
  quorum?: number;
  /** After so long without an answer a server counts as away. Milliseconds, default: 500. */
  downAfterMs?: number;
  password?: string;
}

/** The name of the master group of all Sentinels here. */
export const MASTER_GROUP = 'players';
/** For one step of a failover; the next one begins after twice this time at the earliest. */
const FAILOVER_TIMEOUT_MS = 3_000;

export async function startSentinel(options: SentinelOptions): Promise<Sentinel> {
  const { password } = options;
  const port = await freePort();
  const { child, stop } = await startOwnProcess('sentinel', async (dir) => {
    const file = join(dir, 'sentinel.conf');
    // It keeps its state in this file.
    await writeFile(file, configOf(options, { port, dir }));
    return await spawned(spawn('redis-server', [file, '--sentinel'], { stdio: 'ignore', detached: true }));
  });
  const url = `redis://${password === undefined ? '' : `:${password}@`}127.0.0.1:${port}`;
  const redis = new Redis(url, { retryStrategy: () => 50, maxRetriesPerRequest: null });
  redis.on('error', () => {}); // It is started and frozen by those who look.
  const sentinel: Sentinel = {
    ...{ url, redis },
    freeze: () => void child.kill('SIGSTOP'),
    async close() {
      redis.disconnect();
      await stop();
    },
  };
  try {
    await eventually('the Sentinel', () => redis.ping());
    return sentinel;
  } catch (error) {
    await sentinel.close();
    throw error;
  }
}

function configOf(
  { master, quorum = 1, downAfterMs = 500, password }: SentinelOptions,
  { port, dir }: { port: number; dir: string },
): string {
  const lines = [
    ...[`port ${port}`, 'bind 127.0.0.1', `dir ${dir}`, 'logfile ""'],
    ...(password === undefined ? [] : [`requirepass ${password}`]),
    `sentinel monitor ${MASTER_GROUP} 127.0.0.1 ${master} ${quorum}`,
    `sentinel down-after-milliseconds ${MASTER_GROUP} ${downAfterMs}`,
    `sentinel failover-timeout ${MASTER_GROUP} ${FAILOVER_TIMEOUT_MS}`,
  ];
  return `${lines.join('\n')}\n`;
}
