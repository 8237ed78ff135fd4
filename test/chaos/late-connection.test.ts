import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect } from 'vitest';
import { type Line, openLine } from '../../chaos/line.ts';
import { elapse } from '../support/eventually.ts';
import { it } from '../support/scene.ts';
import { spawnWorker } from '../support/worker-process.ts';

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
    { ending: 'and Redis is back', after: (line: Line, port: number) => line.lead(port) },
    { ending: 'and Redis stays away', after: (line: Line) => line.refuse(60_000) },
  ])('ends, $ending', async ({ after }, { openScene }) => {
    const scene = await openScene();
    const line = await openLine(scene.server.port);
    const mute = await muteServer();
    const worker = spawnWorker({ config: { ...scene.config(), redis: `redis://127.0.0.1:${line.port}` } });
    try {
      await worker.ready();
      line.lead(mute.port);
      line.cut();
      await elapse(GIVEN_UP_MS);
      const terminated = worker.terminate(DRAINED_WITHIN_MS);
      await after(line, scene.server.port);
      expect(await terminated).toEqual({ drained: true, abandoned: 0 });
      expect(await worker.ended()).toBe(0);
    } finally {
      await worker.kill();
      await line.close();
      mute.close();
    }
  });
});
