import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';

/** A TCP proxy on the loopback that resets its first connections, each once it has passed on so many bytes of requests. */
export interface CuttingProxy {
  readonly port: number;
  /** How many connections it has reset. */
  cuts(): number;
  close(): Promise<void>;
}

/**
 * @param upstream the port of the server behind it
 * @param after for each connection that is cut, in their order
 */
export async function openCuttingProxy(upstream: number, after: readonly number[]): Promise<CuttingProxy> {
  let connections = 0;
  let cuts = 0;
  const listener = createServer({ noDelay: true }, (client) => {
    const server = connect({ port: upstream, host: '127.0.0.1', noDelay: true });
    const ends = [client, server];
    let left = after[connections] ?? Number.POSITIVE_INFINITY;
    connections += 1;
    for (const end of ends) {
      end.on('error', () => {});
      end.on('close', () => ends.forEach((each) => void each.destroy()));
    }
    client.on('data', (bytes) => {
      left -= bytes.length;
      if (left > 0 || client.destroyed) return;
      cuts += 1;
      for (const end of ends) end.resetAndDestroy();
    });
    client.pipe(server);
    server.pipe(client);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return {
    port: (listener.address() as AddressInfo).port,
    cuts: () => cuts,
    async close() {
      listener.close();
      await once(listener, 'close');
    },
  };
}
