import { inspect } from 'node:util';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { announceChannels, forgetChannel } from '../../src/channels/registry.ts';
import type { Clock } from '../../src/clock.ts';
import { platforms } from '../../src/platforms/registry.ts';
import {
  InterruptedError,
  InvalidMessageError,
  ProducerClosedError,
  ProducerRefusedError,
  UnknownChannelError,
} from '../../src/producer/errors.ts';
import type { Plays } from '../../src/producer/plays.ts';
import { buildProducer, type ProducerOptions } from '../../src/producer/producer.ts';
import type { SendManyResult } from '../../src/producer/send.ts';
import { type RedisServer, startRedis } from '../../src/sandbox/redis-server.ts';
import { channelConfig } from '../config/channel-config.ts';

let server: RedisServer;
let redis: Redis;
let queue: Queue;
let time = 0;
const clock: Clock = { now: () => Date.now(), monotonic: () => time };
const closing: (() => Promise<void>)[] = [];

const played: unknown[] = [];
const plays: Plays = {
  async recordPlays({ channel }, entries, eligibility) {
    played.push(...entries.map((entry) => ({ channel, eligibility, ...entry })));
  },
};

/** One that vouches for the channel of the tests' own messages, unless a test lists others. */
function producer(options: Partial<ProducerOptions> = {}) {
  const made = buildProducer(
    { redis: server.url, channels: ['kongregate'], ...options },
    { platforms, clock, plays },
  );
  closing.push(() => made.close());
  return made;
}

const hello = { platform: 'kongregate' as const, to: { userId: 32 }, content: 'Hello, **world**' };

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
beforeEach(async () => {
  await redis.flushall();
  played.length = 0;
});
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

describe('send', () => {
  it('puts a small job into the queue of the wire contract', async () => {
    const result = await producer().send(hello);
    expect(result).toEqual({ status: 'queued', id: expect.stringMatching(/^m_[0-9A-Za-z]{18}$/) });
    const [job] = await queue.getJobs(['waiting']);
    expect(job).toMatchObject({ name: 'message', id: result.id, data: { v: 1, id: result.id, ...hello } });
    expect(Object.keys(job!.data).sort()).toEqual(['content', 'id', 'platform', 'to', 'v']);
    expect(await redis.hget(`herald:{kongregate}:${result.id}`, 'opts')).toBe('{}');
  });

  it('takes a name once', async () => {
    const sender = producer();
    const named = { ...hello, id: 'welcome-32' };
    expect(await sender.send(named)).toEqual({ status: 'queued', id: 'welcome-32' });
    expect(await sender.send(named)).toEqual({ status: 'duplicate', id: 'welcome-32' });
    const [job] = await queue.getJobs(['waiting']);
    expect(job!.id).not.toBe('welcome-32');
  });

  it('takes a name once when two producers send it at the same instant', async () => {
    const named = { ...hello, id: 'race' };
    const results = await Promise.all([producer(), producer(), producer()].map((one) => one.send(named)));
    expect(results.map(({ status }) => status).sort()).toEqual(['duplicate', 'duplicate', 'queued']);
    expect(await queue.getWaitingCount()).toBe(1);
  });

  it('sends the calls of one turn together, and tells each its own', async () => {
    const sender = producer();
    const sent = await Promise.allSettled([
      sender.send({ ...hello, id: 'a' }),
      sender.send({ ...hello, content: '' }),
      sender.send({ ...hello, id: 'b' }),
      sender.send({ ...hello, channel: 'nobody' }),
      sender.send({ ...hello, id: 'a' }),
      sender.send({ ...hello, id: 'c', priority: 1 }),
    ]);
    expect(sent).toMatchObject([
      { value: { status: 'queued', id: 'a' } },
      { reason: { name: 'InvalidMessageError' } },
      { value: { status: 'queued', id: 'b' } },
      { reason: { name: 'UnknownChannelError' } },
      { value: { status: 'duplicate', id: 'a' } },
      { value: { status: 'queued', id: 'c' } },
    ]);
    const [together, alone] = await queue.getPrioritized();
    expect(together).toMatchObject({
      name: 'messages',
      data: { v: 1, messages: [{ id: 'a' }, { id: 'b' }] },
    });
    expect(alone).toMatchObject({ name: 'message', data: { v: 1, id: 'c' } });
  });

  it('delays until sendAt and keeps the priority', async () => {
    const sendAt = new Date(Date.now() + 60_000).toISOString();
    await producer().send({ ...hello, sendAt });
    await producer().send({ ...hello, priority: 3 });
    await producer().send({ ...hello, sendAt: '2020-01-01T00:00:00Z', priority: 0 });
    const [delayed] = await queue.getDelayed();
    expect(Math.abs(delayed!.timestamp + delayed!.delay - Date.parse(sendAt))).toBeLessThan(1000);
    expect((await queue.getPrioritized()).map((job) => job.priority)).toEqual([6]);
    expect(await queue.getWaitingCount()).toBe(1);
  });

  it('names the fields of an invalid message, and enqueues nothing', async () => {
    const failure = await producer()
      .send({ ...hello, to: { userId: 'x' } } as never)
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(InvalidMessageError);
    expect(failure).toMatchObject({
      message: 'Invalid message: to.userId: expected a number, got "x"',
      problems: [{ path: 'to.userId' }],
    });
    expect(await redis.keys('*')).toEqual([]);
  });

  it('renders before it enqueues: a placeholder without a value is told', async () => {
    await expect(producer().send({ ...hello, content: 'Hi {{ name }}' })).rejects.toThrow(
      InvalidMessageError,
    );
    await expect(
      producer().send({ ...hello, content: 'Hi {{ name }}', data: { name: 'Ann' } }),
    ).resolves.toBeTruthy();
  });

  it('wants an end for a message that is sent after the default one', async () => {
    const sendAt = new Date(Date.now() + 8 * 24 * 3600_000).toISOString();
    const expiresAt = new Date(Date.now() + 9 * 24 * 3600_000).toISOString();
    await expect(producer().send({ ...hello, sendAt })).rejects.toThrow('expiresAt: is required');
    expect(await producer().send({ ...hello, sendAt, expiresAt })).toMatchObject({ status: 'queued' });
  });

  it('counts what was taken', async () => {
    const counted: string[] = [];
    const sender = producer({ onAccepted: (channel, status) => counted.push(`${channel} ${status}`) });
    await sender.send({ ...hello, id: 'a' });
    await sender.send({ ...hello, id: 'a' });
    expect(counted).toEqual(['kongregate queued', 'kongregate duplicate']);
  });

  it('counts what Redis refuses', async () => {
    const counted: string[] = [];
    const sender = producer({ onAccepted: (channel, status) => counted.push(`${channel} ${status}`) });
    await redis.config('SET', 'maxmemory', '1');
    const calls = [sender.send(hello), sender.sendMany([hello, { ...hello, to: { userId: 33 } }])];
    await Promise.allSettled(calls).finally(() => redis.config('SET', 'maxmemory', '0'));
    expect(counted).toEqual(Array(3).fill('kongregate refused'));
  });

  it('counts what is invalid by a channel that is known, and by none otherwise', async () => {
    await announceChannels(redis, [channelConfig({ name: 'staff' })]);
    const counted: string[] = [];
    const sender = producer({
      channels: ['listed', 'kongregate'],
      onAccepted: (channel, status) => counted.push(`${channel} ${status}`),
    });
    const refuse = (message: object) => expect(sender.send(message as never)).rejects.toThrow();
    await refuse({ ...hello, content: '' });
    await refuse({ ...hello, channel: 'listed', content: '' });
    await refuse({ ...hello, channel: 'staff', to: { username: 'ada' } });
    await refuse({ ...hello, channel: 'made-up' });
    await refuse({ platform: 'made-up' });
    await expect(sender.send({ ...hello, platform: { toString: 0 } } as never)).rejects.toThrow(
      InvalidMessageError,
    );
    expect(await sender.sendMany([{} as never, hello])).toMatchObject({ queued: 1, invalidTotal: 1 });
    expect(counted).toEqual([
      ...[
        'kongregate invalid',
        'listed invalid',
        'staff invalid',
        ' invalid',
        ' invalid',
        ' invalid',
        ' invalid',
      ],
      'kongregate queued',
    ]);
  });

  it('takes no other database for one that Redis refuses', async () => {
    await expect(producer({ redis: `${server.url}/99` }).send(hello)).rejects.toThrow(
      /^Redis refused database 99: .*out of range/,
    );
    await producer({ redis: `${server.url}/7` }).send(hello);
    expect(await redis.info('keyspace')).not.toMatch(/db0/);
  });

  it('tells a refusal of Redis without the content', async () => {
    await redis.config('SET', 'maxmemory', '1');
    const failure = await producer()
      .send({ ...hello, id: 'a', content: 'confidential words' })
      .catch((error: unknown) => error)
      .finally(() => redis.config('SET', 'maxmemory', '0'));
    expect(failure).toBeInstanceOf(ProducerRefusedError);
    expect(failure).toHaveProperty('redisCode', 'OOM');
    expect(inspect(failure, { depth: 9, showHidden: true })).not.toContain('confidential');
  });
});

it('tells a refusal of one job to its own callers, though others share the turn', async () => {
  const sender = producer({ channels: ['kongregate', 'zulip'] });
  await redis.set('herald:{zulip}:wait', 'what is no list');
  const note = { platform: 'zulip' as const, to: { userIds: [1] }, content: 'Hello' };
  const [stored, refused] = await Promise.allSettled([sender.send(hello), sender.send(note)]);
  expect(stored).toMatchObject({ status: 'fulfilled', value: { status: 'queued' } });
  expect(refused).toMatchObject({ status: 'rejected', reason: expect.any(ProducerRefusedError) });
  await expect(sender.sendMany([hello, note])).rejects.toMatchObject({
    cause: expect.any(ProducerRefusedError),
  });
});

describe('channels', () => {
  it('refuses a name that nobody announced, and takes one that its caller lists', async () => {
    const sender = producer();
    await expect(sender.send({ ...hello, channel: 'kongregat' })).rejects.toThrow(UnknownChannelError);
    expect(await sender.send(hello)).toMatchObject({ status: 'queued' });
    expect(await producer({ channels: ['second'] }).send({ ...hello, channel: 'second' })).toMatchObject({
      status: 'queued',
    });
    expect(await redis.llen('herald:{second}:wait')).toBe(1);
  });

  it('refuses a message that names none where nobody serves the channel of its platform’s name', async () => {
    const sender = producer({ channels: [] });
    const failure = await sender.send(hello).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UnknownChannelError);
    expect(failure).toMatchObject({
      channel: 'kongregate',
      message:
        'Unknown channel "kongregate", the default of kongregate messages: no worker has ' +
        'announced it. Start a worker that serves it, or list it (in herald.yaml, or in createProducer({ channels })).',
    });
    expect(await sender.sendMany([hello])).toMatchObject({ queued: 0, invalid: [{ index: 0 }] });
    expect(await redis.keys('*')).toEqual([]);
    await announceChannels(redis, [channelConfig({})]);
    time += 2000;
    expect(await sender.send(hello)).toMatchObject({ status: 'queued' });
  });

  it.for([
    ['announced', [], ['game'], 'The only channel of kongregate is "game": set channel to it.'],
    [
      'listed',
      [{ name: 'game', platform: 'kongregate' }],
      [],
      'The only channel of kongregate is "game": set channel to it.',
    ],
    [
      'both',
      [{ name: 'game', platform: 'kongregate' }],
      ['game'],
      'The only channel of kongregate is "game": set channel to it.',
    ],
    [
      'two',
      [{ name: 'beta', platform: 'kongregate' }],
      ['game'],
      'kongregate has the channels "beta", "game": set channel to one of them.',
    ],
    ['another platform', [{ name: 'staff', platform: 'zulip' }], [], 'Start a worker'],
  ] as const)('names the channel that was meant: %s', async ([, channels, announced, advice], { expect }) => {
    await announceChannels(
      redis,
      announced.map((name) => channelConfig({ name })),
    );
    const sender = producer({ channels });
    await expect(sender.send(hello)).rejects.toThrow(advice);
    await expect(sender.send({ ...hello, channel: 'gmae' })).rejects.toThrow(advice);
  });

  it('knows the platform of a channel that its caller lists with it', async () => {
    const sender = producer({ channels: [{ name: 'game', platform: 'kongregate' }] });
    await expect(
      sender.send({ platform: 'zulip', channel: 'game', to: { userIds: [1] }, content: 'Hi' }),
    ).rejects.toThrow('platform: channel "game" accepts kongregate messages, got zulip');
    await sender.recordPlay({ channel: 'game', to: { userId: 32 } });
    expect(played).toMatchObject([{ channel: 'game', recipient: '32' }]);
  });

  it('knows an announced channel, reads the announcements once in two seconds, and forgets', async () => {
    const sender = producer();
    const message = { ...hello, channel: 'game-two' };
    await expect(sender.send(message)).rejects.toThrow(UnknownChannelError);
    await announceChannels(redis, [channelConfig({ name: 'game-two' })]);
    await expect(sender.send(message)).rejects.toThrow(UnknownChannelError);
    time += 2000;
    expect(await sender.send(message)).toMatchObject({ status: 'queued' });
    expect(await forgetChannel(redis, 'game-two')).toBe(true);
    expect(await forgetChannel(redis, 'game-two')).toBe(false);
    time += 2000;
    await expect(sender.send(message)).rejects.toThrow(UnknownChannelError);
  });

  it('refuses another addressing than that of a quota channel', async () => {
    await announceChannels(redis, [channelConfig({}), channelConfig({ name: 'free', quota: false })]);
    const sender = producer();
    const byName = { ...hello, to: { username: 'Ann' } };
    await expect(sender.send(byName)).rejects.toThrow(
      'to: channel "kongregate" addresses recipients by userId, got username',
    );
    expect(await sender.send({ ...byName, channel: 'free' })).toMatchObject({ status: 'queued' });
  });

  it('refuses a message of another platform than its channel, also while it can be read only in part', async () => {
    await redis.hset(
      'herald:channels',
      'forum',
      JSON.stringify({ platform: 'discourse', quota: null, eligibility: null, rate: null }),
    );
    await redis.hset('herald:channels', 'broken', '{');
    const sender = producer();
    await expect(sender.send({ ...hello, channel: 'forum' })).rejects.toThrow(
      'platform: channel "forum" accepts discourse messages, got kongregate',
    );
    await expect(sender.send({ ...hello, channel: 'broken' })).rejects.toThrow(UnknownChannelError);
  });
});

describe('sendMany', () => {
  function* messages(count: number, id = (index: number) => `n-${index}`) {
    for (let index = 0; index < count; index++) yield { ...hello, id: id(index), to: { userId: index + 1 } };
  }

  it('takes thousands from an async source, and tells every one', async () => {
    async function* source() {
      yield* messages(2300);
    }
    const results = new Map<number, string>();
    const result = await producer().sendMany(source(), {
      onResult: ({ index, status, id }) => results.set(index, `${status} ${id}`),
    });
    expect(result).toEqual({ queued: 2300, duplicate: 0, invalid: [], invalidTotal: 0 });
    expect(results.size).toBe(2300);
    expect(results.get(2299)).toBe('queued n-2299');
    const jobs = await queue.getPrioritized();
    expect(jobs.every(({ name }) => name === 'messages')).toBe(true);
    // Two batches are under way at a time: the last one may overtake.
    const sizes = jobs.map(({ data }) => data.messages.length).toSorted((a, b) => b - a);
    expect(sizes).toEqual([500, 500, 500, 500, 300]);
  });

  it('finds duplicates within a batch and across batches', async () => {
    const result = await producer().sendMany(messages(1200, (index) => `n-${index % 600}`));
    expect(result).toMatchObject({ queued: 600, duplicate: 600 });
  });

  it('sends the rest of a source with bad messages, and keeps the first thousand of these', async () => {
    function* source() {
      for (let index = 0; index < 3000; index++) yield index % 2 ? hello : { ...hello, content: '' };
    }
    const told: number[] = [];
    const result = await producer().sendMany(source(), { onInvalid: ({ index }) => told.push(index) });
    expect(result).toMatchObject({ queued: 1500, invalidTotal: 1500 });
    expect(result.invalid).toHaveLength(1000);
    expect(result.invalid[0]).toEqual({ index: 0, error: expect.any(InvalidMessageError) });
    expect(told.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 1500 }, (_, i) => 2 * i));
  });

  it('counts an unknown channel among the invalid', async () => {
    const result = await producer().sendMany([{ ...hello, channel: 'nobody' }, hello]);
    expect(result).toMatchObject({
      queued: 1,
      invalid: [{ index: 0, error: expect.any(UnknownChannelError) }],
    });
  });

  it('reads no further ahead than the batches under way', async () => {
    let read = 0;
    let settled = 0;
    let furthest = 0;
    function* source() {
      for (const message of messages(6000)) {
        read += 1;
        furthest = Math.max(furthest, read - settled);
        yield message;
      }
    }
    await producer().sendMany(source(), { onResult: () => (settled += 1) });
    expect(settled).toBe(6000);
    expect(furthest).toBeLessThanOrEqual(1500);
  });

  it('does not hold back a source that trickles', async () => {
    let seen: () => void = () => {};
    const first = new Promise<void>((resolve) => {
      seen = resolve;
    });
    async function* source() {
      yield hello;
      // The next message comes only when the first one is in the queue.
      await first;
      yield hello;
    }
    expect(await producer().sendMany(source(), { onResult: () => seen() })).toMatchObject({ queued: 2 });
  });

  it('says how far it came when its source fails', async () => {
    async function* source() {
      yield* messages(700);
      throw new Error('disk gone');
    }
    const failure = (await producer()
      .sendMany(source())
      .catch((error: unknown) => error)) as InterruptedError<SendManyResult>;
    expect(failure).toBeInstanceOf(InterruptedError);
    expect(failure).toMatchObject({ resumeAt: 500, progress: { queued: 500 } });
    expect(failure.message).toContain('everything before index 500 is settled');
    expect(failure.message).toContain('disk gone');
  });
});

describe('recordPlay', () => {
  const at = '2026-01-02T03:04:05Z';

  it('hands the recipient over under the name that the ledger uses, with the time the play counts', async () => {
    const eligibility = { playedWithin: '7d', keepPlays: '90d' };
    await announceChannels(redis, [channelConfig({ eligibility })]);
    const recorder = producer();
    await recorder.recordPlay({ channel: 'kongregate', to: { userId: 32 }, at });
    await recorder.recordPlay({ channel: 'kongregate', to: { userId: 33 }, at: new Date(at) });
    await recorder.recordPlay({ channel: 'kongregate', to: { userId: 34 }, at: Date.parse(at) });
    const kept = { playedWithinMs: 7 * 24 * 3600_000, keepPlaysMs: 90 * 24 * 3600_000, whenUnknown: 'send' };
    const entry = { channel: 'kongregate', eligibility: kept, at: Date.parse(at) };
    expect(played).toEqual(['32', '33', '34'].map((recipient) => ({ ...entry, recipient })));
  });

  it('takes now where no instant is given, and no instant of the future', async () => {
    const before = Date.now();
    await producer().recordPlay({ channel: 'kongregate', to: { userId: 32 } });
    expect((played[0] as { at: number }).at).toBeGreaterThanOrEqual(before);
    const far = new Date(Date.now() + 3600_000);
    await expect(
      producer().recordPlay({ channel: 'kongregate', to: { userId: 32 }, at: far }),
    ).rejects.toThrow('at: must not be in the future');
  });

  it.each([
    [{ channel: 'kongregate', to: { userId: 'x' } }, 'to.userId: expected a number, got "x"'],
    [
      { channel: 'kongregate', to: { userId: 1 }, at: 'soon' },
      'at: expected an ISO instant such as 2026-01-31T12:00:00Z, got "soon"',
    ],
    [
      { channel: 'kongregate', to: { username: 'Ann' } },
      'to: channel "kongregate" addresses recipients by userId, got username',
    ],
    [{ channel: 'nobody', to: { userId: 1 } }, 'Unknown channel "nobody"'],
    [{ to: { userId: 1 } }, 'channel: is missing'],
  ])('says what is wrong: %j', async (play, problem) => {
    await announceChannels(redis, [channelConfig({})]);
    await expect(producer().recordPlay(play as never)).rejects.toThrow(problem);
    expect(played).toEqual([]);
  });

  it('records a source of plays, telling the bad ones', async () => {
    const source = Array.from({ length: 1200 }, (_, i) => ({ channel: 'kongregate', to: { userId: i }, at }));
    expect(await producer().recordPlays(source)).toMatchObject({
      recorded: 1199,
      invalidTotal: 1,
      invalid: [{ index: 0 }],
    });
    expect(played).toHaveLength(1199);
  });
});

describe('an instance handed in', () => {
  it('is left as it was, and open', async () => {
    const mine = new Redis(server.url, { connectionName: 'mine' });
    const options = { ...mine.options };
    const sender = buildProducer({ redis: mine, channels: ['kongregate'] }, { platforms, clock, plays });
    await sender.send(hello);
    await sender.close();
    expect(mine.options).toEqual(options);
    expect(await mine.ping()).toBe('PONG');
    mine.disconnect();
  });

  it('is refused when it hides its keys from others', () => {
    const mine = new Redis(server.url, { keyPrefix: 'app:', lazyConnect: true });
    expect(() => producer({ redis: mine })).toThrow('keyPrefix');
    mine.disconnect();
  });
});

describe('close', () => {
  it('lets the calls under way end, refuses new ones and leaves no connection', async () => {
    const sender = producer();
    const sent = sender.send(hello);
    await Promise.all([sender.close(), sender.close()]);
    expect(await sent).toMatchObject({ status: 'queued' });
    await expect(sender.send(hello)).rejects.toThrow(ProducerClosedError);
    const clients = String(await redis.client('LIST'))
      .trim()
      .split('\n');
    expect(clients).toHaveLength(1);
  });

  it('ends for a producer that never sent', async () => {
    await expect(producer().close()).resolves.toBeUndefined();
  });
});

it('refuses options that make no sense', () => {
  expect(() => producer({ redis: 'http://127.0.0.1' })).toThrow('redis://');
  expect(() => producer({ redis: 'redis://127.0.0.1/abc' })).toThrow('redis://');
  expect(() => producer({ timeoutMs: 0 })).toThrow('timeoutMs');
  for (const timeout of ['5', '0s', Number.NaN])
    expect(() => producer({ timeout })).toThrow('timeout: expected');
  expect(() => producer({ timeout: '5s' })).not.toThrow();
  expect(() => producer({ channels: ['No Channel'] })).toThrow('channels');
});

it('refuses options of calls that it does not know, so that a misspelt dry run sends nothing', async () => {
  const { sendMany, campaign, cancel, reschedule } = producer();
  const wrong = { dryrun: true } as object;
  const spring = { id: 'spring', platform: 'kongregate' as const, content: 'Hello' };
  await expect(sendMany([hello], wrong)).rejects.toThrow('sendMany: "dryrun" is not an option');
  await expect(campaign(spring, [{ to: { userId: 32 } }], wrong)).rejects.toThrow(
    'campaign: "dryrun" is not an option: expected dryRun, open, onInvalid, onProgress',
  );
  expect(await redis.dbsize()).toBe(0);
  const channel = { chanel: 'kongregate', sendAt: new Date() } as never;
  await expect(cancel('one', channel)).rejects.toThrow('cancel: channel: expected the name of a channel');
  await expect(reschedule('one', channel)).rejects.toThrow('reschedule: channel: expected');
  await expect(cancel('one', undefined as never)).rejects.toThrow('cancel: channel: expected');
  for (const source of [undefined, 'abc', { 0: hello }])
    await expect(sendMany(source as never)).rejects.toThrow('expected an array, an iterable or an async');
});
