import { cpus, loadavg, totalmem } from 'node:os';
import { Redis } from 'ioredis';
import { postgresVersion } from './postgres.ts';
import { redisVersion } from './redis-figures.ts';
import { withStore } from './stores.ts';

/** What the figures hold for. */
export interface Machine {
  cpu: string;
  cores: number;
  memoryGb: number;
  /** Of one minute, before the bench. Others that compute make the figures worthless. */
  load: number;
  node: string;
  redis: string;
  /** Absent where there is none. */
  postgresql?: string | undefined;
}

export async function describeMachine(): Promise<Machine> {
  const cores = cpus();
  return {
    cpu: cores[0]?.model ?? 'unknown',
    cores: cores.length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    load: Number((loadavg()[0] ?? 0).toFixed(2)),
    node: process.versions.node,
    redis: await withStore('redis', readVersion),
    postgresql: postgresVersion(),
  };
}

async function readVersion({ url }: { url: string }): Promise<string> {
  const redis = new Redis(url);
  try {
    return await redisVersion(redis);
  } finally {
    redis.disconnect();
  }
}
