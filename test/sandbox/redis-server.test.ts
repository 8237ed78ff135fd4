import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, it } from 'vitest';
import { answersAs } from '../../src/sandbox/redis-probe.ts';
import { type RedisServer, RedisStartError, startRedis } from '../../src/sandbox/redis-server.ts';

const servers: RedisServer[] = [];
async function start(...args: Parameters<typeof startRedis>) {
  const server = await startRedis(...args);
  servers.push(server);
  return server;
}
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function ask<T>(url: string, question: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url, { maxRetriesPerRequest: 0, retryStrategy: () => null });
  redis.on('error', () => {});
  try {
    return await question(redis);
  } finally {
    redis.disconnect();
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('startRedis', () => {
  it('starts servers that know nothing of each other', async () => {
    const [one, two] = await Promise.all([start(), start()]);
    await ask(one.url, (redis) => redis.set('k', 'one'));
    expect(one.port).not.toBe(two.port);
    expect(await ask(two.url, (redis) => redis.get('k'))).toBeNull();
  });

  it('keeps the data of an append-only server through a kill', async () => {
    const server = await start({ appendonly: true, args: ['--appendfsync', 'always'] });
    const before = server.pid;
    await ask(server.url, (redis) => redis.set('k', 'kept'));
    await server.kill();
    await expect(ask(server.url, (redis) => redis.get('k'))).rejects.toThrow();
    await server.restart();
    expect(server.pid).not.toBe(before);
    expect(await ask(server.url, (redis) => redis.get('k'))).toBe('kept');
  });

  it('starts a frozen server again', async () => {
    const server = await start();
    await server.kill('SIGSTOP');
    await server.restart();
    expect(await ask(server.url, (redis) => redis.ping())).toBe('PONG');
  });

  it('is not fooled by the server of somebody else on its port', async () => {
    const server = await start();
    expect(await answersAs(server.port, server.pid)).toBe(true);
    expect(await answersAs(server.port, server.pid + 1)).toBe(false);
    await server.kill();
    expect(await answersAs(server.port, server.pid)).toBe(false);
  });

  it('stops, deletes its data and may be stopped again', async () => {
    const server = await start();
    await server.stop();
    await server.stop();
    expect(alive(server.pid)).toBe(false);
    expect(existsSync(server.dir)).toBe(false);
  });

  it('leaves nothing running when it is stopped amid a restart', async () => {
    const server = await start();
    const restarting = server.restart().catch((error: unknown) => error);
    await server.stop();
    await restarting;
    expect(alive(server.pid)).toBe(false);
    expect(await answersAs(server.port, server.pid)).toBe(false);
    await expect(server.restart()).rejects.toBeInstanceOf(RedisStartError);
  });

  it('tells of a wanted port that is taken', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as { port: number };
    await expect(startRedis({ port })).rejects.toBeInstanceOf(RedisStartError);
    holder.close();
  });

  it('does not outlive a parent that is killed', async () => {
    const module = new URL('../../src/sandbox/redis-server.ts', import.meta.url).href;
    const script = `import { startRedis } from '${module}';
      const server = await startRedis();
      console.log(JSON.stringify({ pid: server.pid, dir: server.dir }));
      setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script]);
    const [line] = await once(createInterface({ input: parent.stdout }), 'line');
    const { pid, dir } = JSON.parse(line as string) as { pid: number; dir: string };
    expect(alive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await expect.poll(() => [alive(pid), existsSync(dir)]).toEqual([false, false]);
  });
});
