import { describe, expect, it } from 'vitest';
import { controlInAll } from '../../src/jobs/control-campaign.ts';
import { createCampaign, readCampaign } from '../../src/ledger/campaigns.ts';
import { kongregate } from '../../src/platforms/kongregate/kongregate.ts';
import { createListing } from '../../src/producer/campaign-listing.ts';
import { CampaignCancelledError } from '../../src/producer/errors.ts';
import { type ChannelStore, channelStore } from '../../src/redis/channel-store.ts';
import { storeNames } from '../../src/redis/shards.ts';
import { useStore } from '../ledger/harness.ts';

/** A campaign that operators change while a start creates it in the shards, one after the other. */

const SHARDS = 3;
const store = useStore();
let channels = 0;

/** The same stores, and what else happens between two calls to them. */
interface Hooks {
  before?(name: string): Promise<unknown>;
  after?(name: string): Promise<unknown>;
}

function openChannel() {
  const channel = `opening-${++channels}`;
  const shards = storeNames(channel, SHARDS);
  const storeOf = (name: string, { before, after }: Hooks = {}): ChannelStore => {
    const own = channelStore(store.redis, name);
    return {
      ...own,
      async run(...call) {
        await before?.(name);
        const answer = await own.run(...call);
        await after?.(name);
        return answer;
      },
    };
  };
  const common = { v: 1, platform: 'kongregate', channel, content: 'Hello' } as never;
  const text = '{"content":"Hello","platform":"kongregate"}';
  function start(hooks: Hooks = {}) {
    const campaign = {
      ...{ id: 'spring', definition: kongregate, common, text, channel, ownChannel: true, priority: 0 },
      ...{ dueAt: undefined, expiresAt: undefined },
    };
    return createListing(campaign, { of: (name) => storeOf(name, hooks) });
  }
  return {
    ...{ channel, shards },
    begin: (hooks: Hooks = {}) => start(hooks).begin(SHARDS, (_, command) => command()),
    control: (operation: 'pause' | 'resume' | 'cancel', hooks: Hooks = {}) =>
      controlInAll(
        [channel, ...shards].map((name) => storeOf(name, hooks)),
        'spring',
        operation,
      ),
    /** As a producer that knows of no shards starts it. */
    beginAtHome: (paused = false) =>
      createCampaign(storeOf(channel), { id: 'spring', message: text, paused }),
    async states(names: readonly string[] = shards) {
      const found = await Promise.all(names.map((name) => readCampaign(storeOf(name), 'spring')));
      return found.map((each) => each?.state);
    },
  };
}

/** Runs something the first time that it is called for one of the names. */
function once(name: string, what: () => Promise<unknown>) {
  let done = false;
  return async (called: string): Promise<void> => {
    if (done || called !== name) return;
    done = true;
    await what();
  };
}

const all = (state: string): string[] => Array(SHARDS).fill(state);

describe('a campaign that is created in the shards is, after a change from outside, the same in all of them', () => {
  it('where it came when the first of them had it', async () => {
    const { shards, begin, control, states } = openChannel();
    await begin({ after: once(shards[0]!, () => control('pause')) });
    expect(await states()).toEqual(all('paused'));
  });

  it('and nothing is listed where it was cancelled', async () => {
    const { shards, begin, control, states } = openChannel();
    const beginning = begin({ after: once(shards[0]!, () => control('cancel')) });
    await expect(beginning).rejects.toThrow(CampaignCancelledError);
    expect(await states()).toEqual(all('cancelled'));
  });

  it.each(['pause', 'cancel'] as const)('where it came when the home alone had it: %s', async (operation) => {
    const { channel, shards, begin, beginAtHome, control, states } = openChannel();
    await beginAtHome();
    const beginning = begin({ before: once(shards[0]!, () => control(operation)) });
    if (operation === 'cancel') await expect(beginning).rejects.toThrow(CampaignCancelledError);
    await beginning.catch(() => {});
    const state = operation === 'cancel' ? 'cancelled' : 'paused';
    expect(await states([channel, ...shards])).toEqual([state, ...all(state)]);
  });

  it('where it was resumed', async () => {
    const { shards, begin, beginAtHome, control, states } = openChannel();
    await beginAtHome(true);
    await begin({ before: once(shards[0]!, () => control('resume')) });
    expect(await states()).toEqual(all('listing'));
  });

  it('where it had been paused after a start that was cut short', async () => {
    const { shards, begin, control, states } = openChannel();
    const cut = begin({ before: once(shards[1]!, () => Promise.reject(new Error('killed'))) });
    await expect(cut).rejects.toThrow('killed');
    await control('pause');
    await store.redis.del(channelStore(store.redis, shards[2]!).keys.campaign('spring'));
    await begin();
    expect(await states()).toEqual(all('paused'));
  });

  it('where those that did not have it were asked before it was created', async () => {
    const { shards, begin, control, states } = openChannel();
    const change = await control('pause', { before: once(shards[2]!, begin) });
    expect(change).toEqual({ state: 'paused', changed: true });
    expect(await states()).toEqual(all('paused'));
  });

  it('and is told once to those that have it', async () => {
    const { channel, shards, begin, control } = openChannel();
    await begin();
    const told: string[] = [];
    await control('pause', { after: async (name) => void told.push(name) });
    expect(told.filter((name) => name !== channel)).toEqual(shards);
    expect(await control('pause')).toEqual({ state: 'paused', changed: false });
  });
});
