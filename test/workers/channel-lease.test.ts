import { describe, expect } from 'vitest';
import { createLogger } from '../../src/observe/log.ts';
import { policyText, type SlotPolicy } from '../../src/policies/quota-change.ts';
import { type ChannelStore, channelStore } from '../../src/redis/channel-store.ts';
import { accountKey } from '../../src/redis/keys.ts';
import { storesOn } from '../../src/redis/stores.ts';
import { createChannelLease } from '../../src/workers/channel-lease.ts';
import { elapse, eventually } from '../../testing/eventually.ts';
import { metric } from '../../testing/metrics-parser.ts';
import { startWorkerProcess } from '../../testing/worker-process.ts';
import { type Environment, it } from '../support/environment.ts';

const PLAYERS = Array.from({ length: 20 }, (_, i) => 1_001 + 10 * i);
/** With a timeout for which there is room in its window. */
const OLD = { quota: { per: '5s' }, timeout: '500ms' };
const LONGER = { quota: { per: '366d' } };
const NEW = { quota: { per: '365d', boundary: 'rolling' } };

interface Readiness {
  stopped_channels: { channel: string; reason: string; detail?: string }[];
}
const readyz = async (url: string | undefined): Promise<Readiness> =>
  (await (await fetch(`${url}/readyz`)).json()) as Readiness;
const stoppedFor =
  (reason: string) =>
  ({ stopped_channels: stopped }: Readiness): boolean =>
    stopped.some((each) => each.reason === reason);

async function sendAll(env: Environment): Promise<void> {
  for (const player of PLAYERS) await env.send(player);
}

/** The same account in a deployment that calls the channel otherwise. */
const renamed = (env: Environment) => {
  const config = env.config();
  const channels = { game: (config['channels'] as Record<string, unknown>)['kongregate'] };
  return startWorkerProcess({ config: { ...config, channels } });
};

describe.concurrent('a deployment with another quota', () => {
  it('leaves the old workers nothing to grant from their next admission on', async ({ openEnvironment }) => {
    const env = await openEnvironment({ sandbox: { kongregate: { dayMs: 1 } } });
    const old = await env.worker({ channel: OLD });
    const fresh = await env.worker({ channel: NEW });
    await sendAll(env);
    await env.settled(PLAYERS.length);
    // A window of the old policy.
    await elapse(5_500);
    await sendAll(env);
    expect(await env.settled(2 * PLAYERS.length)).toEqual({
      'delivered/sent': PLAYERS.length,
      'suppressed/quota': PLAYERS.length,
    });
    const body = await eventually(
      'the old one to say so',
      () => readyz(old.url),
      stoppedFor('policy_changed'),
    );
    expect(body.stopped_channels[0]?.detail).toContain('[1,{"ms":31536000000},"UTC","rolling","userId"]');
    expect(old.log()).toContain('channel stopped in this worker');
    const stopped = metric(await old.metrics(), 'herald_channel_stopped', {
      reason: 'policy_changed',
    });
    expect(stopped).toBe(1);
    expect((await readyz(fresh.url)).stopped_channels).toEqual([]);

    // Nobody is left to deliver, and what comes waits.
    await fresh.close();
    await env.send(2_001);
    await elapse(1_000);
    // What the old one had asked for before it stopped may come to it still, and is handed back.
    await eventually(
      'it to wait',
      () => env.queue.getJobCounts('waiting', 'active'),
      ({ waiting, active }) => waiting === 1 && active === 0,
    );
    await expect(env.worker({ channel: OLD })).rejects.toThrow('channels.kongregate.quota: was changed');
    await expect(env.worker({ channel: { ...NEW, addressing: 'username' } })).rejects.toThrow(
      'channels.kongregate.addressing: was changed',
    );
  });

  it('that is taken back lets the old workers go on', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const old = await env.worker({ channel: LONGER });
    const policy = await env.redis.get('herald:{kongregate}:ledger:policy');
    const fresh = await env.worker({ channel: NEW });
    await eventually(
      'the old one to notice, without any message',
      () => readyz(old.url),
      stoppedFor('policy_changed'),
      { withinMs: 30_000 },
    );
    await fresh.close();
    await env.redis.set('herald:{kongregate}:ledger:policy', policy!);
    await env.send(11);
    expect(await env.settled(1, { withinMs: 30_000 })).toEqual({ 'delivered/sent': 1 });
    expect((await readyz(old.url)).stopped_channels).toEqual([]);
  });
});

describe.concurrent('a failover that forgets the change of a quota', () => {
  it('leaves no message unserved, although the worker that changed it is gone and one of the old quota is there', async ({
    openEnvironment,
  }) => {
    const env = await openEnvironment({ sandbox: { kongregate: { dayMs: 1 } } });
    const store = channelStore(env.redis, 'kongregate');
    const old = await env.worker({ channel: OLD });
    const forget = await lag(env, store);
    const first = await env.worker({ channel: NEW });
    const inForce = () => env.redis.get(store.keys.policy);
    const changed = await inForce();
    await env.worker({ channel: NEW });
    await eventually('the old one to notice', () => readyz(old.url), stoppedFor('policy_changed'), {
      withinMs: 30_000,
    });
    await first.close();
    await forget();
    await env.redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await sendAll(env);
    await env.settled(PLAYERS.length, { withinMs: 60_000 });
    await eventually('the new quota', inForce, (text) => text === changed, { withinMs: 60_000 });
  });
});

describe.concurrent('a channel that is renamed', () => {
  it('does not start beside the old one, nor while messages of that count', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const old = await env.worker();
    await sendAll(env);
    await env.settled(PLAYERS.length);
    const beside = renamed(env);
    await expect(beside.ready()).rejects.toThrow('account as channel kongregate, which a worker served');
    await old.close();
    const after = renamed(env);
    await expect(after.ready()).rejects.toThrow('account as channel kongregate, whose messages count until');
    await (await env.worker()).close();
  });

  it('starts where the old one has sent nothing and is not there, and it has nothing to do when it is back', async ({
    openEnvironment,
  }) => {
    const env = await openEnvironment();
    const old = env.spawn();
    await old.ready();
    old.signal('SIGSTOP');
    const [key] = await env.redis.keys(accountKey('*'));
    await env.redis.hset(key!, 'seen', 0);
    const fresh = renamed(env);
    try {
      await fresh.ready();
      old.signal('SIGCONT');
      await env.send(11);
      const body = await eventually(
        'the old one to say so',
        async () => (await old.get('/readyz')).body as Readiness,
        stoppedFor('account_taken'),
      );
      expect(body.stopped_channels[0]?.detail).toBe('the account now belongs to channel game');
      expect(env.sandbox.journal.report().calls).toBe(0);
    } finally {
      await fresh.kill();
    }
  });
});

const DAILY: SlotPolicy = {
  quota: { max: 1, per: 'day', timeZone: 'UTC', boundary: 'calendar' },
  addressing: 'userId',
};

interface Leased {
  policy?: SlotPolicy;
  channel?: string;
  shard?: string;
}

function leaseOf(
  env: Environment,
  { policy = { quota: null }, channel = 'kongregate', shard = '' }: Leased = {},
) {
  const store = channelStore(env.redis, `${channel}${shard}`);
  const account = { key: accountKey('lease'), channel };
  const changes: (string | undefined)[] = [];
  const lease = createChannelLease({
    ...{ stores: storesOn(env.redis), account, platformDayMs: 1_000 },
    onChange: () => void changes.push(lease.stopped()?.reason),
    ...{ store, all: [store], policy },
    logger: createLogger({ level: 'silent', secrets: [] }),
  });
  const inForce = () => env.redis.get(store.keys.policy);
  return { lease, store, account, changes, inForce };
}

/** What the store knows of its policy. @returns a function that makes it know no more than that, as a replica that lagged does */
async function lag(env: Environment, { keys }: ChannelStore): Promise<() => Promise<void>> {
  const names = [keys.policy, `${keys.ledger}:channel`, accountKey('lease')];
  const held = await Promise.all(names.map((name) => env.redis.dumpBuffer(name)));
  return async () => {
    for (const [i, name] of names.entries())
      if (held[i]) await env.redis.restore(name, 0, held[i], 'REPLACE');
      else await env.redis.del(name);
  };
}

describe.concurrent('a store that forgot the change of a quota', () => {
  /** A worker that changed it. */
  const forgotten = async (env: Environment) => {
    const old = leaseOf(env, { policy: DAILY });
    await old.lease.acquire();
    const forget = await lag(env, old.store);
    const changing = leaseOf(env);
    await changing.lease.acquire();
    await forget();
    return changing;
  };

  it.for(['', '/1'])(
    'gets it again from any worker of the new one: store kongregate%s',
    async (shard, { openEnvironment }) => {
      const env = await openEnvironment();
      const shards = shard === '' ? {} : { shards: 2 };
      const old = leaseOf(env, { policy: { ...DAILY, ...shards }, shard });
      await old.lease.acquire();
      const forget = await lag(env, old.store);
      const policy: SlotPolicy = { quota: null, ...shards };
      const first = leaseOf(env, { policy, shard });
      await first.lease.acquire();
      const wanted = await first.inForce();
      // The one that changed it ends.
      const others = [leaseOf(env, { policy, shard }), leaseOf(env, { policy, shard })];
      for (const { lease } of others) await lease.acquire();
      await old.lease.renew();
      expect(old.lease.stopped()?.reason).toBe('policy_changed');
      await forget();
      for (const { lease } of [...others, old]) await lease.acquire();
      expect(await first.inForce()).toBe(wanted);
      expect(others.map(({ lease }) => lease.stopped())).toEqual([undefined, undefined]);
      expect(old.lease.stopped()?.reason).toBe('policy_changed');
    },
  );

  it('gets it again also where the worker met the old one first, by an admission', async ({
    openEnvironment,
  }) => {
    const env = await openEnvironment();
    const { lease, inForce, changes } = await forgotten(env);
    lease.superseded((await inForce())!);
    await lease.renew();
    expect(await inForce()).toBe('null');
    expect(changes).toEqual(['policy_changed', undefined]);
  });

  it('gets it again once the windows are over that workers of the old one opened meanwhile', async ({
    openEnvironment,
  }) => {
    const env = await openEnvironment();
    const { lease, inForce, store } = await forgotten(env);
    const was = await inForce();
    const until = (at: number) => env.redis.hset(`${store.keys.ledger}:channel`, 'slotsUntil', at);
    await until(Date.now() + 86_400_000);
    await lease.acquire();
    expect(lease.stopped()?.reason).toBe('policy_changed');
    expect(await inForce()).toBe(was);
    await until(Date.now() - 86_400_000);
    await lease.renew();
    expect(lease.stopped()).toBeUndefined();
    expect(await inForce()).toBe('null');
  });

  it('is left alone by the workers of a policy that was replaced before', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const [daily, none] = [leaseOf(env, { policy: DAILY }), leaseOf(env)];
    await daily.lease.acquire();
    await none.lease.acquire();
    const forget = await lag(env, none.store);
    const again = leaseOf(env, { policy: DAILY });
    await again.lease.acquire();
    await none.lease.renew();
    await daily.lease.renew();
    await forget();
    await none.lease.renew();
    expect(none.lease.stopped()).toBeUndefined();
    expect(await none.inForce()).toBe('null');
    // Whoever it is in force for goes on. Then the workers of the later one put that in force.
    await again.lease.acquire();
    await none.lease.renew();
    expect(await none.inForce()).toBe(policyText(DAILY));
    expect(none.lease.stopped()?.reason).toBe('policy_changed');
  });

  it('is believed where nobody has lost anything: the change was taken back', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const [old, { lease, inForce }] = [leaseOf(env, { policy: DAILY }), leaseOf(env)];
    await old.lease.acquire();
    await lease.acquire();
    await leaseOf(env, { policy: DAILY }).lease.acquire();
    await lease.acquire();
    expect(lease.stopped()?.reason).toBe('policy_changed');
    await old.lease.renew();
    expect(await inForce()).toBe(policyText(DAILY));
  });
});

describe.concurrent('a directory that forgot whose account it is', () => {
  const renamedTo = async (env: Environment) => {
    const old = leaseOf(env, { policy: DAILY });
    await old.lease.acquire();
    await old.lease.release();
    const forget = await lag(env, old.store);
    const game = leaseOf(env, { policy: DAILY, channel: 'game' });
    await game.lease.acquire();
    return { old, forget, game };
  };
  const holder = (env: Environment) => env.redis.hget(accountKey('lease'), 'channel');

  it.for(['renew', 'renewAccount', 'acquire'] as const)(
    '%s takes it back',
    async (how, { openEnvironment }) => {
      const env = await openEnvironment();
      const { old, forget, game } = await renamedTo(env);
      await forget();
      await game.lease[how]();
      expect(game.lease.stopped()).toBeUndefined();
      expect(await holder(env)).toBe('game');
      expect(await old.inForce()).toBe('moved to game');
    },
  );

  it('leaves it where a worker serves the old channel, until that ends', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const { old, forget, game } = await renamedTo(env);
    await forget();
    await old.lease.renew();
    await game.lease.renew();
    expect(game.lease.stopped()?.reason).toBe('account_taken');
    await old.lease.release();
    await game.lease.renew();
    expect(game.lease.stopped()).toBeUndefined();
    expect(await holder(env)).toBe('game');
  });
});

describe.concurrent('a worker that was stopped, and a store that forgot why', () => {
  it('takes over neither the account nor the policy', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const { lease, store, account } = leaseOf(env);
    await lease.acquire();
    await env.redis.hset(account.key, 'channel', 'game');
    await lease.renew();
    expect(lease.stopped()?.reason).toBe('account_taken');
    await env.redis.flushall();
    await lease.renew();
    expect(lease.stopped()?.reason).toBe('account_taken');
    expect(await env.redis.exists(account.key, store.keys.policy)).toBe(0);
    // Put back by somebody, it goes on.
    await env.redis.hset(account.key, 'channel', 'kongregate');
    await env.redis.set(store.keys.policy, 'null');
    await lease.renew();
    expect(lease.stopped()).toBeUndefined();
  });
});
