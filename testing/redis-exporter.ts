import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../src/sandbox/free-port.ts';
import { startReaper } from '../src/sandbox/reaper.ts';
import { eventually } from './eventually.ts';

/** Debian's redis_exporter on a free port of the loopback. */
export interface RedisExporter {
  /** `host:port`, for Prometheus. */
  readonly address: string;
  stop(): Promise<void>;
}

export async function startRedisExporter(redisUrl: string): Promise<RedisExporter> {
  const address = `127.0.0.1:${await freePort()}`;
  const child = spawn(
    'prometheus-redis-exporter',
    [`--redis.addr=${redisUrl}`, `--web.listen-address=${address}`],
    { stdio: 'ignore', detached: true },
  );
  await once(child, 'spawn');
  const dir = await mkdtemp(join(tmpdir(), 'herald-redis-exporter-'));
  const reaper = startReaper(dir);
  reaper.watch(child.pid);
  await eventually('redis_exporter to answer', async () => (await fetch(`http://${address}/metrics`)).ok);
  return {
    address,
    async stop() {
      const ended = once(child, 'exit');
      if (child.exitCode === null && child.kill('SIGKILL')) await ended;
      reaper.release();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
