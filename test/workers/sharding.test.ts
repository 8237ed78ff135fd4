import { expect, it } from 'vitest';
import type { FailoverDetector } from '../../src/ledger/store-gate.ts';
import type { Settlement } from '../../src/ledger/types.ts';
import { channelStore } from '../../src/redis/channel-store.ts';
import { createSharding, type ShardingDeps } from '../../src/workers/sharding.ts';
import { channelConfig } from '../config/channel-config.ts';
import { openLab, useStore } from '../ledger/harness.ts';

const store = useStore();

/** Another worker may ask about the same message once the hold is over, and has to find what became of it. */
it('settles in a shard while the store is on hold, once what this worker knew is restored', async () => {
  const lab = await openLab(store);
  const onHold: Partial<FailoverDetector> = {
    pending: () => new Promise(() => {}),
    restoring: () => undefined,
  };
  const { holds } = createSharding({ ...channelConfig({ shards: 2 }), name: lab.channel }, {
    stores: {
      of: () => ({ watch: onHold }),
      ledgers: { of: (name: string) => channelStore(store.redis, name) },
    },
    credentials: 'c',
    rate: undefined,
  } as unknown as ShardingDeps)!;
  const settlement: Settlement = {
    message: lab.message(),
    nonce: 'AAAAAAAA',
    effect: 'doubt',
    health: 'down',
  };
  expect(await holds.note([settlement])).toEqual([{ failures: 1, opens: 0 }]);
});
