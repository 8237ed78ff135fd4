import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { announceChannels } from '../../src/channels/registry.ts';
import { systemClock } from '../../src/clock.ts';
import { type CampaignState, readCampaign, setCampaignState } from '../../src/ledger/campaigns.ts';
import { platforms } from '../../src/platforms/registry.ts';
import type { CampaignResult } from '../../src/producer/campaign.ts';
import {
  CampaignCancelledError,
  CampaignConflictError,
  CampaignExpiredError,
  CampaignLostError,
  InterruptedError,
  InvalidMessageError,
  UnknownChannelError,
} from '../../src/producer/errors.ts';
import { buildProducer, type ProducerOptions } from '../../src/producer/producer.ts';
import { channelStore } from '../../src/redis/channel-store.ts';
import { type RedisServer, startRedis } from '../../src/sandbox/redis-server.ts';
import { channelConfig } from '../config/channel-config.ts';

let server: RedisServer;
let redis: Redis;
let queue: Queue;
const closing: (() => Promise<void>)[] = [];

function producer(options: Partial<ProducerOptions> = {}) {
  const channels = ['kongregate', 'forum', 'chat', 'usercom'];
  const made = buildProducer(
    { redis: server.url, channels, ...options },
    { platforms, clock: systemClock, plays: { recordPlays: async () => {} } },
  );
  closing.push(() => made.close());
  return made;
}

const spring = { id: 'spring', platform: 'kongregate' as const, content: 'Hello, **world**' };
const named = { ...spring, content: 'Hello, {{ name }}' };
const players = (count: number, from = 1) =>
  Array.from({ length: count }, (_, i) => ({ to: { userId: from + i } }));

const state = (id = 'spring', channel = 'kongregate'): Promise<CampaignState | undefined> =>
  readCampaign(channelStore(redis, channel), id);
const jobs = async () => (await queue.getPrioritized()).map(({ data }) => data);
const recipientsIn = async () => (await jobs()).flatMap(({ to }) => to);

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  queue = new Queue('{kongregate}', { connection: redis, prefix: 'herald' });
});
afterAll(async () => {
  await queue.close();
  redis.disconnect();
  await server.stop();
});
beforeEach(() => redis.flushall());
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

describe('a campaign', () => {
  it('is stored once, and its recipients as plain values in jobs of 500', async () => {
    const result = await producer().campaign({ ...spring, priority: 5 }, players(1200));
    expect(result).toMatchObject({
      id: 'spring',
      created: true,
      listed: 1200,
      duplicate: 0,
      invalid: [],
      invalidTotal: 0,
    });
    const stored = await jobs();
    expect(stored.map(({ to }) => to.length).sort()).toEqual([200, 500, 500]);
    for (const { to: _, ...rest } of stored) expect(rest).toEqual({ v: 2, campaign: 'spring', by: 'userId' });
    expect(stored.flatMap(({ to }) => to).sort((a, b) => a - b)).toEqual(
      players(1200).map(({ to }) => to.userId),
    );
    expect(await state()).toMatchObject({
      state: 'running',
      listed: 1200,
      waiting: 1200,
      message: { platform: 'kongregate', content: 'Hello, **world**', priority: 5 },
    });
  });

  it('has jobs that a worker of before campaigns leaves to a newer one', async () => {
    await producer().campaign(spring, players(2));
    const [jobId] = await redis.zrange(queue.toKey('prioritized'), '0', '-1');
    expect(await redis.hget(queue.toKey(jobId!), 'data')).toBe(
      '{"v":2,"campaign":"spring","by":"userId","to":[1,2]}',
    );
  });

  it('keeps what a recipient brings beside its name', async () => {
    const lastPlayedAt = new Date('2026-01-31T12:00:00Z');
    await producer().campaign(named, [
      { to: { userId: 1 }, data: { name: 'Ann' } },
      { to: { userId: 2 }, data: { name: 'Bob' }, lastPlayedAt },
    ]);
    expect(await recipientsIn()).toEqual([
      { to: 1, data: { name: 'Ann' } },
      { to: 2, data: { name: 'Bob' }, lastPlayedAt: lastPlayedAt.toISOString() },
    ]);
  });

  it('names by whole recipients where these are no plain values', async () => {
    const forum = {
      id: 'spring',
      platform: 'discourse' as const,
      channel: 'forum',
      title: 'News for you',
      content: 'The new level is out',
    };
    const people = [
      { to: { usernames: ['ann'] } },
      { to: { usernames: ['Ann'] } },
      { to: { groups: ['team'] } },
    ];
    expect(await producer().campaign(forum, people)).toMatchObject({ listed: 2, duplicate: 1 });
    const other = new Queue('{forum}', { connection: redis, prefix: 'herald' });
    const [job] = await other.getPrioritized();
    await other.close();
    expect(job?.data.to).toEqual([{ to: { usernames: ['ann'] } }, { to: { groups: ['team'] } }]);
  });

  it('deals recipients with much data out to several jobs', async () => {
    const note = 'x'.repeat(4000);
    const many = players(300).map((player) => ({ ...player, data: { note } }));
    expect(await producer().campaign(spring, many)).toMatchObject({ listed: 300 });
    const stored = await jobs();
    expect(stored.length).toBeGreaterThan(2);
    for (const data of stored) expect(JSON.stringify(data).length).toBeLessThanOrEqual(512 * 1024);
    expect(new Set((await recipientsIn()).map(({ to }) => to)).size).toBe(300);
  });

  it('waits for its sendAt', async () => {
    const sendAt = new Date(Date.now() + 3_600_000);
    await producer().campaign({ ...spring, sendAt }, players(2));
    expect(await queue.getDelayedCount()).toBe(1);
    expect(await state()).toMatchObject({ sendAt: sendAt.getTime() });
  });

  it('tells somebody who is named twice among 500 as a duplicate', async () => {
    const twice = [...players(3), ...players(2), { to: { userId: 9 } }];
    expect(await producer().campaign(spring, twice)).toMatchObject({ listed: 4, duplicate: 2 });
    expect(await recipientsIn()).toEqual([1, 2, 3, 9]);
  });

  it('tells people apart who have the same value in different fields, and not those who only write it in another way', async () => {
    const crm = { id: 'spring', platform: 'usercom' as const, content: 'Hello' };
    const people = [
      { to: { userId: 5 } },
      { to: { conversationId: 5 } },
      { to: { userId: '5' } },
      { to: { conversationId: '5' } },
    ];
    expect(await producer().campaign(crm, people)).toMatchObject({ listed: 2, duplicate: 2 });
    const other = new Queue('{usercom}', { connection: redis, prefix: 'herald' });
    const [job] = await other.getPrioritized();
    await other.close();
    expect(job?.data).toMatchObject({ by: 'userId', to: [5, { to: { conversationId: 5 } }] });
  });

  it('is not created for nobody', async () => {
    expect(await producer().campaign(spring, [])).toMatchObject({ listed: 0 });
    expect(await producer().campaign(spring, players(1, -7))).toMatchObject({ listed: 0, invalidTotal: 1 });
    expect(await redis.keys('herald:*')).toEqual([]);
  });

  it('is done where its text turns out to be too long for anybody, and no list stays open', async () => {
    const made = producer();
    const long = { ...spring, platform: 'zulip' as const, channel: 'chat', content: 'x'.repeat(20_000) };
    await made.campaign(long, [], { open: true });
    expect((await state('spring', 'chat'))?.state).toBe('listing');
    const list = () => made.campaign(long, [{ to: { userIds: [1] } }]);
    await expect(list()).rejects.toThrow(InvalidMessageError);
    expect((await state('spring', 'chat'))?.state).toBe('done');
    await expect(list()).rejects.toThrow(InvalidMessageError);
  });

  it('is closed where there was one already and nobody can be listed, and opened by the next recipients', async () => {
    const none = players(1, -7);
    expect(await producer().campaign(spring, [], { open: true })).toMatchObject({ created: true });
    expect(await producer().campaign(spring, none, { dryRun: true })).toMatchObject({ invalidTotal: 1 });
    expect(await state()).toMatchObject({ state: 'listing' });
    expect(await producer().campaign(spring, none)).toMatchObject({ created: false, invalidTotal: 1 });
    expect(await state()).toMatchObject({ state: 'done', listed: 0 });
    await expect(producer().campaign({ ...spring, content: 'Other' }, none)).rejects.toThrow(
      CampaignConflictError,
    );
    expect(await producer().campaign(spring, players(2))).toMatchObject({ created: false, listed: 2 });
    expect(await state()).toMatchObject({ state: 'running', listed: 2 });
  });

  it('counts what it takes for the application', async () => {
    const counted: unknown[] = [];
    const options = { onAccepted: (...of: unknown[]) => void counted.push(of) };
    await producer(options).campaign(spring, [...players(3), ...players(1), ...players(1, 0)]);
    expect(counted).toEqual([
      ['kongregate', 'queued', 3],
      ['kongregate', 'duplicate', 1],
      ['kongregate', 'invalid', 1],
    ]);
  });

  it('checks everything in a dry run, and stores nothing', async () => {
    const result = await producer().campaign(spring, [...players(3), ...players(1, 0)], { dryRun: true });
    expect(result).toMatchObject({ listed: 3, invalidTotal: 1 });
    expect(await redis.keys('herald:*')).toEqual([]);
  });

  it('tells its progress', async () => {
    const told: number[] = [];
    await producer().campaign(spring, players(1200), { onProgress: ({ listed }) => told.push(listed) });
    expect(told).toHaveLength(3);
    expect(told.at(-1)).toBe(1200);
  });
});

describe('recipients that can have no message', () => {
  it('are told with their fields, and the others are listed', async () => {
    const told: string[] = [];
    const recipients = [
      { to: { userId: 1 } },
      { to: { userId: 'x' } },
      { to: { userId: 2, username: 'ann' } },
      { to: { userId: 3 }, name: 'Cy' },
      { to: { userId: 4 }, lastPlayedAt: 'soon' },
      {},
      null,
      { to: { userId: 5 } },
    ];
    const result = await producer().campaign(spring, recipients as never, {
      onInvalid: ({ index, error }) =>
        told.push(`${index} ${(error as InvalidMessageError).problems[0]?.path}`),
    });
    expect(result).toMatchObject({ listed: 2, invalidTotal: 6 });
    expect(told).toEqual(['1 to.userId', '2 to', '3 name', '4 lastPlayedAt', '5 to', '6 ']);
  });

  it('include those that the channel does not address', async () => {
    await announceChannels(redis, [channelConfig({})]);
    const result = await producer().campaign(spring, [...players(1), { to: { username: 'ann' } }]);
    expect(result).toMatchObject({ listed: 1, invalidTotal: 1 });
    expect(result.invalid[0]?.error.message).toContain('addresses recipients by userId, got username');
  });

  it('include those for whom a placeholder has no value', async () => {
    const recipients = [
      { to: { userId: 1 }, data: { name: 'Ann' } },
      { to: { userId: 2 } },
      { to: { userId: 3 }, data: { nam: 'x' } },
    ];
    const result = await producer().campaign(named, recipients);
    expect(result).toMatchObject({ listed: 1, invalidTotal: 2 });
    expect(result.invalid[0]?.error.message).toContain('data.name: is used by the content and has no value');
  });

  it('have the values of the campaign where they bring none', async () => {
    const recipients = [{ to: { userId: 1 }, data: { name: 'Ann' } }, { to: { userId: 2 } }];
    expect(await producer().campaign({ ...named, data: { name: 'you' } }, recipients)).toMatchObject({
      listed: 2,
    });
  });

  it('include those whose values and the campaign’s are too many together', async () => {
    const values = (prefix: string) =>
      Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`${prefix}${i}`, i]));
    const recipients = [{ to: { userId: 1 }, data: values('a') }, { to: { userId: 2 } }];
    const result = await producer().campaign({ ...spring, data: values('b') }, recipients);
    expect(result).toMatchObject({ listed: 1, invalidTotal: 1 });
  });

  it('are kept to a thousand', async () => {
    const result = await producer().campaign(
      spring,
      Array.from({ length: 1500 }, () => ({ to: {} })) as never,
    );
    expect([result.invalid.length, result.invalidTotal]).toEqual([1000, 1500]);
  });
});

describe('a campaign that cannot be', () => {
  const nobody = () => expect(redis.keys('herald:*')).resolves.toEqual([]);

  it.each([
    [{ ...spring, id: 'no spaces' }, 'id: expected 1 to 80 letters, digits, _ or -'],
    [{ ...spring, to: { userId: 1 } }, 'to: is not a known field'],
    [{ ...spring, campaign: 'other' }, 'campaign: is not a known field'],
    [{ ...spring, content: '' }, 'content: must not be empty'],
    [{ ...spring, content: 'a {% b' }, 'content: {% is not supported'],
    [{ ...spring, priority: 11 }, 'priority: '],
    [{ ...spring, expiresAt: '2020-01-01T00:00:00Z' }, 'expiresAt: must be later than now'],
    [{ ...spring, sendAt: new Date(Date.now() + 8 * 86_400_000) }, 'expiresAt: is required'],
    [{ ...spring, platform: 'zulip', channel: 'kongregate' }, 'to.userId'],
  ])('is refused as a whole, and nothing is stored: %j', async (spec, problem) => {
    const attempt = producer().campaign(spec as never, [{ to: { userId: 1 } }]);
    if (problem === 'to.userId') expect(await attempt).toMatchObject({ listed: 0, invalidTotal: 1 });
    else await expect(attempt).rejects.toThrow(problem);
    await nobody();
  });

  it('names a channel that nobody knows, or one of another platform', async () => {
    const [player] = players(1);
    await expect(producer().campaign({ ...spring, channel: 'nobody' }, [player!])).rejects.toThrow(
      UnknownChannelError,
    );
    await announceChannels(redis, [channelConfig({ name: 'game' })]);
    const chat = { ...spring, platform: 'zulip' as const, channel: 'game' };
    await expect(producer().campaign(chat, [{ to: { userIds: [1] } }])).rejects.toThrow(
      'accepts kongregate messages',
    );
  });

  it('is refused for what no recipient could mend, although recipients bring data', async () => {
    const native = { ...spring, format: 'native' as const, data: { a: 1 } };
    await expect(producer().campaign(native, [{ to: { userId: 1 }, data: { a: 2 } }])).rejects.toThrow(
      InvalidMessageError,
    );
    await nobody();
  });

  it('has the name of one with other content', async () => {
    await producer().campaign(spring, players(1));
    const failure = await producer()
      .campaign({ ...spring, content: 'Other' }, players(1))
      .catch((error) => error);
    expect(failure).toBeInstanceOf(CampaignConflictError);
    expect(failure).toMatchObject({ code: 'HERALD_CAMPAIGN_CONFLICT', campaign: 'spring' });
    expect(failure.message).not.toContain('Other');
  });

  it('has expired: what is listed now would be sent to nobody', async () => {
    await producer().campaign(spring, players(1));
    const key = channelStore(redis, 'kongregate').keys.campaign('spring');
    await redis.hset(key, 'expires', Date.now() - 1);
    const failure = await producer()
      .campaign(spring, players(2))
      .catch((error) => error);
    expect(failure).toBeInstanceOf(CampaignExpiredError);
    expect(failure).toMatchObject({ code: 'HERALD_CAMPAIGN_EXPIRED', campaign: 'spring' });
    expect(await state()).toMatchObject({ listed: 1 });
  });

  it('was cancelled', async () => {
    await producer().campaign(spring, players(1));
    await setCampaignState(channelStore(redis, 'kongregate'), 'spring', 'cancel');
    await expect(producer().campaign(spring, players(1))).rejects.toThrow(CampaignCancelledError);
  });
});

describe('a start that is repeated', () => {
  it('goes on where it was, whatever the order of the campaign’s fields', async () => {
    const source = players(1700);
    async function* broken() {
      yield* source.slice(0, 1300);
      throw new Error('disk gone');
    }
    const spec = { ...spring, data: { a: 1, b: [{ c: 2, d: 3 }] }, meta: { x: '1', y: '2' } };
    const failure: InterruptedError<CampaignResult> = await producer()
      .campaign(spec, broken())
      .catch((error) => error);
    expect(failure).toBeInstanceOf(InterruptedError);
    expect(failure).toMatchObject({ resumeAt: 1000, progress: { listed: 1000 } });
    expect(await state()).toMatchObject({ state: 'listing', listed: 1000 });
    const { platform, content, id } = spring;
    const same = { meta: { y: '2', x: '1' }, data: { b: [{ d: 3, c: 2 }], a: 1 }, content, platform, id };
    expect(await producer().campaign(same, source)).toMatchObject({ listed: 700, duplicate: 1000 });
    expect(await state()).toMatchObject({ state: 'running', listed: 1700 });
    expect(new Set(await recipientsIn()).size).toBe(1700);
  });

  it('is of the same campaign whether or not it names the default channel', async () => {
    await producer().campaign({ ...spring, channel: 'kongregate' }, players(1));
    expect(await producer().campaign(spring, players(2))).toMatchObject({ listed: 2 });
    expect(await producer().campaign({ ...spring, channel: 'kongregate' }, players(2))).toMatchObject({
      duplicate: 2,
    });
    expect((await state())?.message).not.toHaveProperty('channel');
  });

  it('makes the same chunks of a source that trickles', async () => {
    async function* trickling() {
      for (const player of players(700)) {
        if (player.to.userId % 250 === 0) await new Promise((resolve) => setTimeout(resolve, 60));
        yield player;
      }
    }
    await producer().campaign(spring, players(700));
    expect(await producer().campaign(spring, trickling())).toMatchObject({ listed: 0, duplicate: 700 });
  });

  it('may leave out what was settled', async () => {
    await producer().campaign(spring, players(500));
    expect(await producer().campaign(spring, players(500, 501))).toMatchObject({ listed: 500 });
    expect(await state()).toMatchObject({ listed: 1000 });
  });
});

it('ends when the campaign is cancelled, or lost by the store, while its recipients are listed', async () => {
  const act = async (what: () => Promise<unknown>): Promise<InterruptedError<CampaignResult>> => {
    async function* source() {
      yield* players(500);
      // Reading goes on while the first of them are listed.
      while ((await state())?.listed !== 500) await new Promise((resolve) => setImmediate(resolve));
      await what();
      yield* players(700, 501);
    }
    return await producer()
      .campaign(spring, source())
      .catch((error) => error);
  };
  const cancelled = await act(() => setCampaignState(channelStore(redis, 'kongregate'), 'spring', 'cancel'));
  expect(cancelled.cause).toBeInstanceOf(CampaignCancelledError);
  expect(cancelled).toMatchObject({ resumeAt: 500, progress: { listed: 500 } });
  await redis.flushall();
  const lost = await act(() => redis.flushall());
  expect(lost.cause).toBeInstanceOf(CampaignLostError);
});

describe('while Redis is away', () => {
  it('a start ends within its timeout, and says that nothing was stored', async () => {
    const away = producer({ redis: 'redis://127.0.0.1:1', timeoutMs: 200 });
    const failure = await away.campaign(spring, players(3)).catch((error) => error);
    expect(failure).toBeInstanceOf(InterruptedError);
    expect(failure).toMatchObject({ resumeAt: 0, restUntouched: true, progress: { listed: 0 } });
    expect(failure.message).toContain('Nothing was stored.');
  });

  it('a start whose end is not answered says how far it came, and that it may be repeated', async () => {
    const held = new Redis(server.url);
    const sender = producer({ timeoutMs: 1_000 });
    const pausing = async function* () {
      yield* players(500);
      while ((await state())?.listed !== 500) await new Promise((resolve) => setImmediate(resolve));
      // Longer than the timeout, from the moment at which all have been listed.
      await held.call('CLIENT', 'PAUSE', '3000', 'WRITE');
    };
    const failure = await sender.campaign(spring, pausing()).catch((error) => error);
    await held.call('CLIENT', 'UNPAUSE');
    held.disconnect();
    expect(failure).toBeInstanceOf(InterruptedError);
    expect(failure).toMatchObject({ resumeAt: 500, progress: { listed: 500 } });
    expect(failure.message).toContain('start it again, and nobody gets it twice');
    expect(await producer().campaign(spring, players(500))).toMatchObject({ duplicate: 500 });
    expect(await state()).toMatchObject({ state: 'running' });
  });
});
