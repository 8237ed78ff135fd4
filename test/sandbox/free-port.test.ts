import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { reservePort } from '../../src/sandbox/free-port.ts';

/** What a reservation takes, which another process would take too. */
async function takeReservation(port: number): Promise<boolean> {
  const socket = createSocket('udp4').bind({ port, address: '127.0.0.1' });
  const taken = await once(socket, 'listening').then(
    () => true,
    () => false,
  );
  socket.close();
  return taken;
}

it('gives a port that can be listened on, below those that the kernel gives to who listens on any', async () => {
  const { port, release } = await reservePort();
  expect(port).toBeLessThan(32_768);
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  server.close();
  await once(server, 'close');
  release();
});

it('gives it to nobody else until it is released, which may be done twice', async () => {
  const { port, release } = await reservePort();
  expect(await takeReservation(port)).toBe(false);
  release();
  release();
  expect(await takeReservation(port)).toBe(true);
});
