import { describe, expect, onTestFinished } from 'vitest';
import type { Admin } from '../../../src/admin/admin.ts';
import { createAdmin } from '../../../src/app.ts';
import { recordPlays } from '../../../src/ledger/lookups.ts';
import {
  CampaignCancelledError,
  CampaignConflictError,
  CampaignExpiredError,
  InterruptedError,
  InvalidMessageError,
  UnknownChannelError,
} from '../../../src/producer/errors.ts';
import { channelStore } from '../../../src/redis/channel-store.ts';
import { CHANNEL, type Environment, it } from '../../support/environment.ts';

const DAY = 86_400_000;
const spring = { id: 'spring', platform: 'kongregate' as const, content: 'Hello' };
const players = (count: number, from = 1) =>
  Array.from({ length: count }, (_, i) => ({ to: { userId: from + i } }));

function openAdmin(env: Environment): Admin {
  const admin = createAdmin({ redis: env.server.url });
  onTestFinished(() => admin.close());
  return admin;
}

describe('campaigns', () => {
  it('are listed, shown, paused, resumed and cancelled in every channel that has them', async ({
    openEnvironment,
  }) => {
    const env = await openEnvironment({ channel: { rate: { max: 1, per: '1m' } } });
    const worker = await env.worker({ idle: true });
    await worker.start();
    const { campaigns } = openAdmin(env);
    const sendAt = new Date(Date.now() + DAY);
    await env.producer.campaign({ ...spring, sendAt }, players(3));
    await env.producer.campaign({ ...spring, id: 'summer', sendAt }, players(1));
    expect((await campaigns.list()).map(({ id }) => id)).toEqual(['summer', 'spring']);
    const [shown] = await campaigns.show('spring', { channel: CHANNEL });
    // From its sendAt on, at one a minute and the margin of half a second.
    expect(shown).toMatchObject({
      channel: CHANNEL,
      waiting: 3,
      ended: 0,
      eta: sendAt.getTime() + 3 * 60_500,
    });
    const of = (status: string) => [{ id: 'spring', channel: CHANNEL, status }];
    expect(await campaigns.pause('spring')).toEqual(of('paused'));
    expect(await campaigns.show('spring')).toMatchObject([{ state: 'paused', eta: null }]);
    expect(await campaigns.resume('spring', { channel: CHANNEL })).toEqual(of('running'));
    expect(await campaigns.cancel('spring')).toEqual(of('cancelled'));
    expect(await campaigns.resume('spring')).toEqual(of('cancelled'));
    expect(await campaigns.pause('winter')).toEqual([]);
    expect(await campaigns.show('winter')).toEqual([]);
    await expect(campaigns.list({ channel: 'nobody' })).rejects.toThrow(UnknownChannelError);
  });
});

describe('a dry run of a campaign', () => {
  it('tells the fate of each recipient as admission would now', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const worker = await env.worker();
    await env.send(1);
    await env.settled(1);
    await worker.close();
    const plays = [2, 3].map((userId) => ({ recipient: `${userId}`, at: Date.now() - 30 * DAY }));
    await recordPlays(channelStore(env.redis, CHANNEL), plays, 365 * DAY);
    const { campaigns } = openAdmin(env);
    // What the campaign knows of a play goes before what the ledger does.
    const recipients = [...players(2), { to: { userId: 3 }, lastPlayedAt: new Date() }, ...players(400, 4)];
    expect(await campaigns.dryRun(spring, recipients)).toEqual({
      ...{ id: 'spring', channel: CHANNEL, existing: null },
      ...{
        send: 401,
        ineligible: 1,
        quota: 1,
        busy: 0,
        known: 0,
        duplicate: 0,
        invalid: [],
        invalidTotal: 0,
      },
    });
  });

  it('goes by the instant at which the campaign is sent', async ({ openEnvironment }) => {
    const env = await openEnvironment({ channel: { quota: { per: '1h', boundary: 'rolling' } } });
    const worker = await env.worker();
    await env.send(1);
    await env.settled(1);
    await worker.close();
    const { campaigns } = openAdmin(env);
    expect(await campaigns.dryRun(spring, players(1))).toMatchObject({ quota: 1 });
    const sendAt = new Date(Date.now() + DAY);
    expect(await campaigns.dryRun({ ...spring, sendAt }, players(1))).toMatchObject({ send: 1 });
  });

  it('goes by the expiry of the campaign that was started, which a start does not change', async ({
    openEnvironment,
  }) => {
    const env = await openEnvironment({ channel: { quota: { per: '1h', boundary: 'rolling' } } });
    const worker = await env.worker();
    await worker.close();
    const { campaigns } = openAdmin(env);
    const sendAt = new Date(Date.now() + DAY);
    const sent = { ...spring, sendAt, expiresAt: new Date(sendAt.getTime() + DAY) };
    await env.producer.campaign(sent, players(1));
    expect(await campaigns.dryRun(sent, players(2))).toMatchObject({ send: 2, known: 0 });
    // It expires before it is sent, whatever a later start says.
    const key = channelStore(env.redis, CHANNEL).keys.campaign('spring');
    await env.redis.hset(key, 'expires', Date.now() + DAY / 2);
    expect(await campaigns.dryRun(sent, players(2))).toMatchObject({ send: 0 });
  });

  it('throws what a start would throw', async ({ openEnvironment }) => {
    const env = await openEnvironment();
    const worker = await env.worker();
    await worker.close();
    const { campaigns } = openAdmin(env);
    const dryRun = (fields: object = {}) => campaigns.dryRun({ ...spring, ...fields }, players(1));
    await expect(dryRun({ content: '' })).rejects.toThrow(InvalidMessageError);
    await expect(dryRun({ content: '{% x' })).rejects.toThrow(InvalidMessageError);
    await expect(dryRun({ channel: 'nobody' })).rejects.toThrow(UnknownChannelError);
    await env.producer.campaign(spring, players(1));
    await expect(dryRun({ content: 'Other' })).rejects.toThrow(CampaignConflictError);
    expect(await dryRun()).toMatchObject({ send: 1, existing: { listed: 1 } });
    const key = channelStore(env.redis, CHANNEL).keys.campaign('spring');
    const expires = (await env.redis.hget(key, 'expires'))!;
    await env.redis.hset(key, 'expires', Date.now() - 1);
    await expect(dryRun()).rejects.toThrow(CampaignExpiredError);
    await env.redis.hset(key, 'expires', expires);
    await campaigns.cancel('spring');
    await expect(dryRun()).rejects.toThrow(CampaignCancelledError);
    async function* broken() {
      yield* players(600);
      throw new Error('disk gone');
    }
    const failure = await campaigns.dryRun({ ...spring, id: 'other' }, broken()).catch((error) => error);
    expect(failure).toBeInstanceOf(InterruptedError);
    expect(failure).toMatchObject({ resumeAt: 500, progress: { send: 500 } });
  });
});

describe('what waits for a recipient', () => {
  it('is cancelled whatever job it lies in, and nothing else', async ({ openEnvironment }) => {
    const env = await openEnvironment({ channel: { quota: false } });
    const worker = await env.worker();
    await env.send(7, { id: 'sent' });
    await env.settled(1);
    await worker.close();
    const { producer } = env;
    const hello = { platform: 'kongregate' as const, content: 'Hello' };
    const to = (userId: number) => ({ ...hello, to: { userId } });
    await producer.send({ ...to(7), id: 'alone' });
    await producer.send({ ...to(7), id: 'later', sendAt: new Date(Date.now() + DAY) });
    await producer.sendMany([
      { ...to(70), id: 'other' },
      { ...to(7), id: 'of-many' },
    ]);
    // More jobs than a page has.
    for (let i = 0; i < 120; i++) await producer.send({ ...to(100 + i), id: `to-${100 + i}`, priority: 1 });
    await producer.send({ ...to(7), id: 'last', priority: 2 });
    const admin = openAdmin(env);
    const found = await admin.cancelRecipient({ userId: 7 }, { channel: CHANNEL });
    expect(found.map(({ id, status }) => `${id} ${status}`).sort()).toEqual([
      'alone cancelled',
      'last cancelled',
      'later cancelled',
      'of-many cancelled',
    ]);
    expect(await admin.cancelRecipient({ userId: 8 }, { channel: CHANNEL })).toEqual([]);
    await expect(admin.cancelRecipient({ userId: 'x' }, { channel: CHANNEL })).rejects.toThrow(
      InvalidMessageError,
    );
  });
});
