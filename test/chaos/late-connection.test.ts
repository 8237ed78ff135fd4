import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect } from 'vitest';
import { elapse } from '../../testing/eventually.ts';
import { type FaultyProxy, openFaultyProxy } from '../../testing/faulty-proxy.ts';
import { startWorkerProcess } from '../../testing/worker-process.ts';
import { it } from '../support/environment.ts';

/** After so long without an answer BullMQ gives up its question for a job, and waits for the connection to be back. */
const GIVEN_UP_MS = 7_000;
const DRAINED_WITHIN_MS = 8_000;

/** Takes connections and says nothing: a Redis that hangs. */
async function muteServer() {
  const server = createServer((socket) => void socket.on('error', () => {}).resume());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as { port: number };
  return { port, close: () => server.close() };
}

/** BullMQ then connects anew when its close breaks the connection that it waits for; nobody would end that one. */
describe.concurrent('a worker that is asked to end while BullMQ waits for its connection', {}, () => {
  it.for([
    { ending: 'and Redis is back', after: (proxy: FaultyProxy, port: number) => proxy.redirect(port) },
    { ending: 'and Redis stays away', after: (proxy: FaultyProxy) => proxy.refuse(60_000) },
  ])('ends, $ending', async ({ after }, { openEnvironment }) => {
    const env = await openEnvironment();
    const proxy = await openFaultyProxy(env.server.port);
    const mute = await muteServer();
    const worker = startWorkerProcess({
      config: { ...env.config(), redis: `redis://127.0.0.1:${proxy.port}` },
    });
    try {
      await worker.ready();
      proxy.redirect(mute.port);
      proxy.cut();
      await elapse(GIVEN_UP_MS);
      const terminated = worker.terminate(DRAINED_WITHIN_MS);
      await after(proxy, env.server.port);
      expect(await terminated).toEqual({ drained: true, abandoned: 0 });
      expect(await worker.ended()).toBe(0);
    } finally {
      await worker.kill();
      await proxy.close();
      mute.close();
    }
  });
});
