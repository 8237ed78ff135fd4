import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** An address of the platform that refuses connections until it is opened: nothing listens there. */
export interface Door {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  open(): Promise<void>;
  close(): Promise<void>;
}

/** @param behind the port that an open door leads to */
export async function closedDoor(behind: number): Promise<Door> {
  const sockets = new Set<Socket>();
  const server = createServer((outside) => {
    const inside = connect(behind, '127.0.0.1');
    for (const socket of [outside, inside]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => sockets.delete(socket));
    }
    outside.pipe(inside).pipe(outside);
  });
  const listen = async (port: number): Promise<number> => {
    await once(server.listen(port, '127.0.0.1'), 'listening');
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : port;
  };
  const shut = async (): Promise<void> => {
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  const port = await listen(0);
  await shut();
  return {
    url: `http://127.0.0.1:${port}`,
    open: async () => void (await listen(port)),
    close: async () => {
      if (server.listening) await shut();
    },
  };
}
