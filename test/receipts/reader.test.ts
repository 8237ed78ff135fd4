import { setImmediate as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { expect, it } from 'vitest';
import { FIRST } from '../../src/receipts/cursor.ts';
import { createReader } from '../../src/receipts/reader.ts';
import type { Stores } from '../../src/redis/stores.ts';
import { mostListeners } from '../support/most-listeners.ts';

const never = new Promise<never>(() => {});
const fields = ['v', '1', 'id', 'a', 'run', '1', 'state', 'delivered', 'reason', 'sent', 'at', '1'];

/** A node that has a receipt once it was waited for. */
let unread = false;
const HERE = {
  xrange: async () => (unread ? [['1-0', fields]] : []),
  xinfo: async () => null,
  xread: async () => {
    await pause();
    unread = true;
  },
} as unknown as Redis;
const AWAY = { xrange: () => never } as unknown as Redis;
const stores = {
  directory: { hmget: async () => [null, null] },
  of: (channel: string) => ({ redis: channel === 'away' ? AWAY : HERE }),
} as unknown as Stores;

it('leaves nothing behind with each page, however long a node is away', async () => {
  const reader = createReader(['away', 'here'], stores, (question) => question());
  await reader.begin({ positionOf: () => ({ id: FIRST }), known: [], since: { id: FIRST } });
  const seen: string[] = [];
  const most = await mostListeners(async () => {
    while (seen.length < 50) {
      for (const { store } of await reader.next()) seen.push(store);
      unread = false;
    }
  });
  expect(new Set(seen)).toEqual(new Set(['here']));
  expect(most).toBeLessThan(10);
});
