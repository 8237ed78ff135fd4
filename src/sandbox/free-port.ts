import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** From here on, kernels give ports to whoever connects, or listens on any port: from 32768 on Linux, 49152 on macOS. */
const END = 32_768;
const START = 10_000;
const TRIES = 200;

/** A port of the loopback that nobody listens on, for a server that may be away for a while. */
export interface FreePort {
  readonly port: number;
  /** Lets others have it. May be called twice. */
  release(): void;
}

/**
 * Reserves a port: until it is released or this process ends, nobody else gets it who asks here, in whichever process. One that
 * the kernel picks would be picked for somebody else as soon as its server is away, and that one's clients would meet a stranger.
 * @throws Error where none was found
 */
export async function reservePort(): Promise<FreePort> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const port = randomInt(START, END);
    const release = await reserve(port);
    if (!release) continue;
    if (await isFree(port)) return { port, release };
    release();
  }
  throw new Error(`found no free port from ${START} to ${END - 1}`);
}

/** The UDP port of the same number, which no server here uses, stands for the reservation: it ends with the process. */
async function reserve(port: number): Promise<(() => void) | undefined> {
  const reservation = createSocket('udp4');
  let held = true;
  const release = (): void => {
    if (held) reservation.close();
    held = false;
  };
  reservation.bind({ port, address: '127.0.0.1', exclusive: true });
  try {
    await once(reservation, 'listening');
  } catch {
    release();
    return undefined;
  }
  reservation.unref();
  return release;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}

/** A port that stays reserved for as long as this process lives. */
export const freePort = async (): Promise<number> => (await reservePort()).port;
