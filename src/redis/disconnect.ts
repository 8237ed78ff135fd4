import type { Redis } from 'ioredis';

/** Ends a connection. Commands that wait for it fail, and so do later ones. */
export function disconnect(client: Redis): void {
  // Between two attempts to connect, ioredis gives up the next one and leaves what waits pending for ever. A connection that waits
  // to be opened it ends properly.
  if (client.status === 'reconnecting') client.status = 'wait';
  client.disconnect();
}
