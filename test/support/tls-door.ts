import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type AddressInfo, connect } from 'node:net';
import { type Duplex, pipeline } from 'node:stream';
import { createServer } from 'node:tls';
import type { Certificates } from './certificates.ts';

export interface TlsDoor {
  readonly port: number;
  close(): void;
}

/** Speaks TLS and passes on what it hears, so that any build of Redis will do. */
export async function openTlsDoor(to: number, { key, cert }: Certificates): Promise<TlsDoor> {
  const options = { key: await readFile(key), cert: await readFile(cert) };
  const sockets = new Set<Duplex>();
  const server = createServer(options, (client) => {
    const redis = connect(to, '127.0.0.1');
    for (const socket of [client, redis]) sockets.add(socket.on('error', () => {}));
    pipeline(client, redis, client, () => {});
  });
  server.on('tlsClientError', () => {}); // A client that does not trust it.
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
