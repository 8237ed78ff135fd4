import { spawn } from 'node:child_process';
import { freePort } from '../src/sandbox/free-port.ts';
import { eventually } from './eventually.ts';
import { spawned, startOwnProcess } from './own-process.ts';

/** Debian's redis_exporter on a free port of the loopback. */
export interface RedisExporter {
  /** `host:port`, for Prometheus. */
  readonly address: string;
  stop(): Promise<void>;
}

export async function startRedisExporter(redisUrl: string): Promise<RedisExporter> {
  const address = `127.0.0.1:${await freePort()}`;
  const args = [`--redis.addr=${redisUrl}`, `--web.listen-address=${address}`];
  const { stop } = await startOwnProcess('redis-exporter', () =>
    spawned(spawn('prometheus-redis-exporter', args, { stdio: 'ignore', detached: true })),
  );
  await eventually('redis_exporter to answer', async () => (await fetch(`http://${address}/metrics`)).ok);
  return { address, stop };
}
