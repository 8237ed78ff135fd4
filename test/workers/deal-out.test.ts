import { describe, expect, it } from 'vitest';
import type { Delivery } from '../../src/jobs/envelope.ts';
import { campaignStateIn, createCampaign } from '../../src/ledger/campaigns.ts';
import type { RecentWrites } from '../../src/ledger/store-gate.ts';
import { type ChannelStore, channelStore } from '../../src/redis/channel-store.ts';
import { storeNames } from '../../src/redis/shards.ts';
import { createKnownHere, knownHere } from '../../src/workers/deal-out.ts';
import { eventually } from '../../testing/eventually.ts';
import { DAY, openLab, SECOND, useStore } from '../ledger/harness.ts';

const store = useStore();

it('takes a message for a new one where its id may be used again', async () => {
  const lab = await openLab(store);
  const first = lab.message({ id: 'daily', jobId: 'monday' });
  expect(await knownHere(lab.store, first)).toEqual({ final: false, notBefore: undefined });
  await lab.deliver(first, await lab.grant(first));
  const second = lab.message({ id: 'daily', jobId: 'tuesday' });
  for (const message of [first, second]) expect(await knownHere(lab.store, message)).toEqual({ final: true });
  await lab.elapse(DAY + SECOND);
  // Delivered here, it would be sent without a look at the slot of its player, which is in a shard.
  expect(await knownHere(lab.store, lab.present(second))).toEqual({ final: false, notBefore: undefined });
  expect(await knownHere(lab.store, lab.present(first))).toEqual({ final: true });
});

describe('a campaign that a store deals out', () => {
  /** The home and its shards, and what is called when a shard has lost writes. */
  async function openHome() {
    const lab = await openLab(store);
    const shards = storeNames(lab.channel, 2).map((name) => channelStore(store.redis, name));
    const sources: RecentWrites[] = [];
    const watch = { add: (source: RecentWrites) => void sources.push(source) };
    const recordOf = createKnownHere(lab.store, shards, [watch, watch]);
    await createCampaign(lab.store, { id: 'spring', message: '{}' });
    const ledger = lab.message({ campaign: 'spring' });
    const delivery = { ledger, contentKey: '1', source: { enqueuedAt: '1' } } as Delivery;
    const statesInShards = () => Promise.all(shards.map((shard) => campaignStateIn(shard, 'spring')));
    return {
      ...{ shards, statesInShards },
      deal: () => recordOf(delivery, 0),
      lose: (shard: ChannelStore) => store.redis.del(shard.keys.campaign('spring')),
      restore: () => Promise.all(sources.map((source) => source.restore(true))),
    };
  }

  it('is in its shards again when one has lost it, also where nothing of it is dealt out any more', async () => {
    const { shards, deal, lose, restore, statesInShards } = await openHome();
    expect(await deal()).toEqual({ final: false, notBefore: undefined });
    expect(await statesInShards()).toEqual(['running', 'running']);
    await lose(shards[1]!);
    expect(await restore()).toEqual([0]);
    const restored = (states: unknown[]) => states.every((state) => state === 'running');
    await eventually('the shard to have it', statesInShards, restored);
  });

  it('is in its shards before the next message of it is', async () => {
    const { shards, deal, lose, restore, statesInShards } = await openHome();
    await deal();
    await lose(shards[0]!);
    await restore();
    await deal();
    expect(await statesInShards()).toEqual(['running', 'running']);
  });
});
