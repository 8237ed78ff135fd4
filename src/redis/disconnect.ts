import type { Redis } from 'ioredis';

/** Ends a connection. Waiting and later commands fail. */
export function disconnect(client: Redis): void {
  // Between two attempts to connect, ioredis would cancel the next one and leave waiting commands pending for ever. A connection in
  // the state `wait` it ends properly.
  if (client.status === 'reconnecting') client.status = 'wait';
  client.disconnect();
}
