import { describe, expect } from 'vitest';
import type { Admin } from '../../src/admin/admin.ts';
import { type CreateAdminOptions, createAdmin } from '../../src/app.ts';
import { CHANNEL, type Environment, it as environmentIt } from '../support/environment.ts';
import { bury, deadLettersIn, welcome } from './admin-fixture.ts';

interface Admins {
  openAdmin: (env: Environment, options?: Partial<CreateAdminOptions>) => Admin;
}

const it = environmentIt.extend<Admins>({
  openAdmin: async ({ openEnvironment: _ }, use) => {
    const admins: Admin[] = [];
    await use((env, options = {}) => {
      const admin = createAdmin({ redis: env.server.url, ...options });
      admins.push(admin);
      return admin;
    });
    await Promise.all(admins.map((admin) => admin.close()));
  },
});

describe.concurrent('dead letters', () => {
  it('are listed, planned, replayed and purged', async ({ openEnvironment, openAdmin }) => {
    const env = await openEnvironment();
    await env.worker();
    await bury(env, [10, 20, 30]);
    const { deadLetters } = openAdmin(env);

    const { letters, total } = await deadLetters.list({ limit: 2 });
    expect([letters.map(({ id }) => id), total]).toEqual([['to-20', 'to-30'], 3]);
    const [shown] = await deadLetters.show('to-10');
    expect(shown).toMatchObject({ reason: 'bad_recipient', content: { content: 'Hello' } });

    const since = new Date(Date.now() - 3_600_000).toISOString();
    const plan = await deadLetters.plan({ since, channels: [CHANNEL] });
    expect(plan).toMatchObject({ letters: 3, leftOut: 0, unknownIds: [], warnings: [] });
    expect(await deadLetters.plan({ until: since })).toMatchObject({ letters: 0 });

    welcome(env, [10, 20]);
    const told: unknown[] = [];
    const options = { onStep: (letter: object, step: object) => void told.push([letter, step]) };
    expect(await deadLetters.replay({ ids: ['to-10', 'nobody'] }, options)).toMatchObject({
      replayed: 1,
      unknownIds: ['nobody'],
    });
    expect(told).toEqual([[expect.objectContaining({ channel: CHANNEL }), { kind: 'replayed' }]]);
    // A plan is carried out as it stands, without what was replayed since.
    expect(await deadLetters.replay(plan)).toMatchObject({ replayed: 2 });
    await env.settled(6);
    expect(await deadLetters.purge()).toMatchObject({ purged: 1, unknownIds: [] });
    expect(await deadLettersIn(env)).toBe(0);
  });

  it('that may have arrived are replayed only where their reason is named', async ({
    openEnvironment,
    openAdmin,
  }) => {
    const faults = [{ kind: 'server_error' as const, accepted: true }];
    const env = await openEnvironment({ channel: { onUnknown: 'keep' }, sandbox: { faults } });
    await env.worker();
    await env.send(1);
    await env.settled(1);
    const { deadLetters } = openAdmin(env);
    const plan = await deadLetters.plan();
    expect([plan.letters, plan.leftOut, plan.warnings.length]).toEqual([0, 1, 1]);
    expect(await deadLetters.replay()).toMatchObject({ replayed: 0 });
    expect(await deadLetters.plan({ reasons: ['unconfirmed'] })).toMatchObject({ letters: 1, leftOut: 0 });
    expect(await deadLetters.plan({}, 'purge')).toMatchObject({ letters: 1 });
  });
});

it('names what is missing or of another kind in its calls', async ({ openEnvironment, openAdmin }) => {
  const admin = openAdmin(await openEnvironment());
  await expect(admin.explain(undefined as never)).rejects.toThrow(
    'explain: expected the id of a message or a job',
  );
  await expect(admin.channels.pause(undefined as never)).rejects.toThrow('channel: expected the name');
  for (const limit of ['x', 1.5, -1])
    await expect(admin.acts({ limit: limit as number })).rejects.toThrow('limit: expected a whole number');
});

describe.concurrent('a selection of dead letters', () => {
  const wrong: [what: object, says: string][] = [
    [{ reason: ['bad_request'] }, '"reason" is not an option: expected channels, reasons'],
    [{ reasons: ['bad'] }, 'reasons: "bad" is none of invalid_message'],
    [{ ids: 'to-10' }, 'ids: expected a list'],
    [{ limit: Number.NaN }, 'limit: expected a whole number'],
  ];

  it('is refused where it would be read as a wider one', async ({ openEnvironment, openAdmin }) => {
    const env = await openEnvironment();
    await env.worker();
    await bury(env, [10]);
    const { deadLetters } = openAdmin(env);
    for (const [what, says] of wrong) {
      await expect(deadLetters.purge(what)).rejects.toThrow(says);
      await expect(deadLetters.replay(what)).rejects.toThrow(says);
      await expect(deadLetters.list(what)).rejects.toThrow(says);
    }
    await expect(deadLetters.replay({}, { perSecond: 0 })).rejects.toThrow('perSecond: expected');
    await expect(deadLetters.replay({}, { rate: 5 } as object)).rejects.toThrow('"rate" is not an option');
    expect(await deadLettersIn(env)).toBe(1);
  });
});

describe.concurrent('an admin', () => {
  it('sees channels as soon as a worker has served them, and holds and resumes them', async ({
    openEnvironment,
    openAdmin,
  }) => {
    const env = await openEnvironment();
    const admin = openAdmin(env);
    expect(await admin.channels.list()).toEqual([]);
    await env.worker();
    const [channel] = await admin.channels.list();
    expect(channel).toMatchObject({
      ...{ name: CHANNEL, platform: 'kongregate', configured: false, announced: true },
      ...{ stopped: null, workers: 1 },
    });
    await admin.channels.pause(CHANNEL);
    const id = await env.send(1);
    expect(await admin.status({ channels: [CHANNEL] })).toMatchObject([{ stopped: { reason: 'paused' } }]);
    expect(await admin.channels.resume(CHANNEL)).toEqual({ stopped: 'paused', changed: true });
    await env.settled(1);
    expect(await admin.explain(id)).toMatchObject([{ id, record: { state: 'delivered' } }]);
    expect(await admin.explain('nobody')).toEqual([]);
    expect(await admin.explainRecipient({ userId: 1 }, { channel: CHANNEL })).toMatchObject({
      slot: { state: 'sent' },
    });
  });

  it('knows the channels of a configuration without its credentials', async ({
    openEnvironment,
    openAdmin,
  }) => {
    const env = await openEnvironment();
    const apiKey = `\${NO_SUCH_VARIABLE}`;
    const admin = openAdmin(env, {
      config: { channels: { game: { platform: 'kongregate', apiKey } } },
    });
    expect(await admin.channels.list()).toMatchObject([{ name: 'game', configured: true, announced: false }]);
  });

  it('tells what it does not know, and what names nobody', async ({ openEnvironment, openAdmin }) => {
    const env = await openEnvironment();
    await env.worker();
    const { deadLetters, channels, ...admin } = openAdmin(env);
    const unknown = { code: 'HERALD_UNKNOWN_CHANNEL', channel: 'game' };
    await expect(channels.pause('game')).rejects.toMatchObject(unknown);
    await expect(deadLetters.replay({ channels: ['game'] })).rejects.toMatchObject(unknown);
    await expect(admin.explain('a', { channel: 'game' })).rejects.toMatchObject(unknown);
    await expect(deadLetters.plan({ since: 'yesterday' })).rejects.toThrow(/^since: /);
    const nobody = admin.explainRecipient({ userId: 'x' }, { channel: CHANNEL });
    await expect(nobody).rejects.toMatchObject({ code: 'HERALD_INVALID_MESSAGE' });
  });

  it('outlives an outage, and says where Redis is away', async ({ openEnvironment, openAdmin }) => {
    const env = await openEnvironment({ appendonly: true });
    const [early, late] = [openAdmin(env), openAdmin(env, { redis: env.redis })];
    await early.status();
    await env.server.kill();
    for (const admin of [early, late]) {
      await expect(admin.status()).rejects.toMatchObject({ code: 'HERALD_REDIS_UNREACHABLE' });
    }
    await env.server.restart();
    for (const admin of [early, late]) expect(await admin.status()).toEqual([]);
    await early.close();
    await expect(early.status()).rejects.toMatchObject({ code: 'HERALD_ADMIN_CLOSED' });
    expect(() => openAdmin(env, { redis: 'http://127.0.0.1' })).toThrow(/^redis: /);
  });
});
