import { describe, expect } from 'vitest';
import { createLogger } from '../../src/observe/log.ts';
import { channelStore } from '../../src/redis/channel-store.ts';
import { accountKey } from '../../src/redis/keys.ts';
import { storesOn } from '../../src/redis/stores.ts';
import { createChannelLease } from '../../src/workers/channel-lease.ts';
import { elapse, eventually } from '../../testing/eventually.ts';
import { metric } from '../../testing/metrics-parser.ts';
import { startWorkerProcess } from '../../testing/worker-process.ts';
import { type Environment, it } from '../support/environment.ts';

const PLAYERS = Array.from({ length: 20 }, (_, i) => 1_001 + 10 * i);
const OLD = { quota: { per: '5s' }, timeout: '500ms' };
const NEW = { ...OLD, quota: { per: '365d', boundary: 'rolling' } };

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
    expect(await env.queue.getJobCounts('waiting', 'active')).toEqual({ waiting: 1, active: 0 });
    await expect(env.worker({ channel: OLD })).rejects.toThrow('channels.kongregate.quota: was changed');
    await expect(env.worker({ channel: { ...NEW, addressing: 'username' } })).rejects.toThrow(
      'channels.kongregate.addressing: was changed',
    );
  });

  it('that is taken back lets the old workers go on', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const old = await env.worker({ channel: OLD });
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

function leaseOf(env: Environment) {
  const store = channelStore(env.redis, 'kongregate');
  const account = { key: accountKey('lease'), channel: 'kongregate' };
  const lease = createChannelLease({
    ...{ stores: storesOn(env.redis), account, platformDayMs: 1_000, onChange: () => {} },
    ...{ store, all: [store], policy: { quota: null } },
    logger: createLogger({ level: 'silent', secrets: [] }),
  });
  return { lease, store, account };
}

describe.concurrent('a store of before the change of a quota', () => {
  const WAS = '[1,"day","UTC","calendar","userId"]';

  it('gets the new policy again where another server has it', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const { lease, store } = leaseOf(env);
    await env.redis.set(store.keys.policy, WAS);
    await lease.acquire(true);
    expect(await env.redis.get(store.keys.policy)).toBe('null');
    await env.redis.set(store.keys.policy, WAS);
    await lease.acquire(true);
    expect(lease.stopped()).toBeUndefined();
    expect(await env.redis.get(store.keys.policy)).toBe('null');
  });

  it('is believed where it is the same server: the change was taken back', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const { lease, store } = leaseOf(env);
    await env.redis.set(store.keys.policy, WAS);
    await lease.acquire(true);
    await env.redis.set(store.keys.policy, WAS);
    await lease.acquire(false);
    expect(lease.stopped()?.reason).toBe('policy_changed');
    await lease.acquire(true);
    expect(await env.redis.get(store.keys.policy)).toBe(WAS);
  });
});

describe.concurrent('a worker that was stopped, and a store that forgot why', () => {
  it('takes over neither the account nor the policy', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const { lease, store, account } = leaseOf(env);
    await lease.acquire(true);
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
