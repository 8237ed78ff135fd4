import { describe, expect } from 'vitest';
import { createAdmin } from '../../src/app.ts';
import { AUDIT_KEY } from '../../src/redis/keys.ts';
import { CHANNEL } from '../support/environment.ts';
import { bury, it, welcome } from './admin-fixture.ts';

const ANNA = { via: 'board', name: 'anna' } as const;

describe.concurrent('acts of operators', () => {
  it('are recorded with who did them, to how many and by which filter', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    await env.worker();
    await bury(env, [10, 20]);
    const admin = createAdmin({ redis: env.server.url, actor: ANNA });
    try {
      await admin.channels.pause(CHANNEL);
      await admin.channels.resume(CHANNEL);
      welcome(env, [10]);
      await admin.deadLetters.replay({ ids: ['to-10'] });
      await admin.as({ via: 'command', name: 'ops@host' }).deadLetters.purge({ reasons: ['bad_recipient'] });
      await admin.cancel('nobody-knows');

      const { acts, older } = await admin.acts();
      expect(older).toBeNull();
      expect(
        acts.map(({ actor, action, channels, count, outcome }) => [
          actor.name,
          action,
          channels,
          count,
          outcome,
        ]),
      ).toEqual([
        ['ops@host', 'dead.purge', [CHANNEL], 1, 'done'],
        ['ops@host', 'dead.purge', [CHANNEL], 1, 'began'],
        ['anna', 'dead.replay', [CHANNEL], 1, 'done'],
        ['anna', 'dead.replay', [CHANNEL], 1, 'began'],
        ['anna', 'channel.resume', [CHANNEL], null, 'done'],
        ['anna', 'channel.pause', [CHANNEL], null, 'done'],
      ]);
      expect(acts[0]).toMatchObject({ filter: { reasons: ['bad_recipient'] }, actor: { via: 'command' } });
      expect(acts[2]).toMatchObject({ filter: { ids: ['to-10'] } });
    } finally {
      await admin.close();
    }
  });

  it('on campaigns are recorded where they change something', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    // The channel is announced, and nothing of the campaign is sent: one that is done is neither paused nor resumed.
    const worker = await env.worker();
    await worker.close();
    await env.producer.campaign({ id: 'spring', platform: 'kongregate', content: 'Hello' }, [
      { to: { userId: 1 } },
    ]);
    const { campaigns, ...admin } = createAdmin({ redis: env.server.url, actor: ANNA });
    try {
      for (const act of ['resume', 'pause', 'pause', 'resume', 'cancel', 'cancel', 'resume'] as const)
        expect(await campaigns[act]('spring')).toHaveLength(1);
      const { acts } = await admin.acts();
      expect(acts.map(({ action, target }) => [action, target])).toEqual([
        ['campaign.cancel', 'spring'],
        ['campaign.resume', 'spring'],
        ['campaign.pause', 'spring'],
      ]);
    } finally {
      await admin.close();
    }
  });

  it('are paged from the newest on, and what is no act is passed over', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    await env.worker();
    const admin = createAdmin({ redis: env.server.url, actor: ANNA });
    try {
      for (let i = 0; i < 3; i += 1) await admin.channels.pause(CHANNEL);
      await env.redis.xadd(AUDIT_KEY, '*', 'via', 'satellite', 'action', 'channel.explode', 'channels', '{');
      const first = await admin.acts({ limit: 2 });
      expect(first.acts).toHaveLength(1);
      const second = await admin.acts({ before: first.older!, limit: 5 });
      expect([second.acts.length, second.older]).toEqual([2, null]);
      expect((await admin.acts({ before: 'no id' })).acts).toHaveLength(3);
    } finally {
      await admin.close();
    }
  });
});
