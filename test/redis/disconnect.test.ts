import { expect, it } from 'vitest';
import { connectFollower } from '../../src/redis/connections.ts';
import { freePort } from '../../src/sandbox/free-port.ts';
import { eventually } from '../../testing/eventually.ts';

it('fails what waits for a Redis that is away, between two attempts to connect', async () => {
  const { stores } = connectFollower(`redis://127.0.0.1:${await freePort()}`);
  const client = stores.directory;
  const waiting = client.get('key');
  waiting.catch(() => {}); // It may fail before anybody looks.
  await eventually('an attempt to connect to fail', () => client.status === 'reconnecting', Boolean, {
    everyMs: 1,
  });
  stores.disconnect();
  await expect(waiting).rejects.toThrow('Connection is closed');
  await expect(client.get('key')).rejects.toThrow('Connection is closed');
});
