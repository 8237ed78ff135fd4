import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { inspect } from 'node:util';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { platforms } from '../../src/platforms/registry.ts';
import { InterruptedError, ProducerTimeoutError } from '../../src/producer/errors.ts';
import { buildProducer, type ProducerOptions } from '../../src/producer/producer.ts';
import type { SendManyResult } from '../../src/producer/send.ts';
import { type RedisServer, startRedis } from '../../src/sandbox/redis-server.ts';
import { openFaultyProxy } from '../../testing/faulty-proxy.ts';
import { unhurried } from '../../testing/slowness.ts';

const closing: (() => Promise<void>)[] = [];
let server: RedisServer;

beforeEach(async () => {
  server = await startRedis({ appendonly: true, args: ['--appendfsync', 'always'] });
});
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
  await server.stop();
});

function producer(
  timeoutMs: number,
  redis: string | Redis = server.url,
  options: Pick<ProducerOptions, 'onAccepted'> = {},
) {
  const made = buildProducer(
    { redis, timeoutMs, channels: ['kongregate'], ...options },
    { platforms, clock: systemClock, plays: { recordPlays: async () => {} } },
  );
  closing.push(() => made.close());
  return made;
}

const hello = { platform: 'kongregate' as const, to: { userId: 32 }, content: 'confidential words' };

async function messagesInQueue(): Promise<number> {
  const redis = new Redis(server.url);
  const base = 'herald:{kongregate}';
  const ids = [
    ...(await redis.lrange(`${base}:wait`, 0, -1)),
    ...(await redis.zrange(`${base}:prioritized`, '0', '-1')),
  ];
  const data = await Promise.all(ids.map((id) => redis.hget(`${base}:${id}`, 'data')));
  redis.disconnect();
  return data.reduce((sum, text) => sum + (JSON.parse(text ?? '').messages?.length ?? 1), 0);
}

async function timed<T>(run: () => Promise<T>): Promise<{ error: unknown; ms: number }> {
  const start = performance.now();
  const error = await run().then(
    () => undefined,
    (failure: unknown) => failure,
  );
  return { error, ms: performance.now() - start };
}

/** A way to Redis on which `silence` makes the connections of now neither answer nor end; later ones work. */
async function silencingProxy(port: number) {
  const sockets: Socket[] = [];
  const proxy = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const socket of [near, far]) socket.on('error', () => {});
    near.pipe(far).pipe(near);
    sockets.push(near, far);
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `redis://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    silence() {
      for (const socket of sockets) socket.unpipe().pause();
    },
    close() {
      for (const socket of sockets) socket.destroy();
      proxy.close();
    },
  };
}

describe('a Redis that is not there', () => {
  it('ends a call within its time, says why, and keeps the content out of it', async () => {
    await server.kill();
    const { error, ms } = await timed(() => producer(300).send(hello));
    expect(error).toBeInstanceOf(ProducerTimeoutError);
    expect(error).toMatchObject({ operation: 'send', timeoutMs: 300 });
    expect((error as Error).message).toMatch(/ECONNREFUSED/);
    expect((error as Error).message).toContain('Nothing was stored.');
    expect(error).toMatchObject({ sent: false });
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('confidential');
    expect(ms).toBeLessThan(unhurried(1500));
  });

  const countedBy = () => {
    const counted: Record<string, number> = {};
    const onAccepted = (channel: string, status: string, by: number) => {
      counted[`${channel} ${status}`] = (counted[`${channel} ${status}`] ?? 0) + by;
    };
    return { counted, onAccepted };
  };

  it('leaves no message uncounted', async () => {
    const { counted, onAccepted } = countedBy();
    await producer(unhurried(1_000), server.url, { onAccepted }).send(hello);
    await server.kill();
    const sender = producer(1_000, server.url, { onAccepted });
    const spring = { id: 'spring', platform: 'kongregate', content: 'Hello' } as const;
    await Promise.allSettled([
      sender.send(hello),
      sender.send({ ...hello, channel: 'made-up' }),
      sender.sendMany([1, 2, 3].map((userId) => ({ ...hello, to: { userId } }))),
      sender.sendMany([hello], { dryRun: true }),
      sender.campaign(spring, [{ to: { userId: 4 } }, { to: { userId: 5 } }]),
    ]);
    expect(counted).toEqual({ 'kongregate queued': 1, 'kongregate timeout': 6, ' timeout': 1 });
  });

  it('counts no message twice: of a call that times out, one was refused before', async () => {
    const { counted, onAccepted } = countedBy();
    const sender = producer(unhurried(1_000), server.url, { onAccepted });
    await sender.send(hello);
    await server.kill('SIGSTOP');
    // Which channels there are is known for some time.
    await Promise.allSettled([sender.send(hello), sender.send({ ...hello, channel: 'made-up' })]);
    await server.kill('SIGCONT');
    expect(counted).toEqual({ 'kongregate queued': 1, 'kongregate timeout': 1, ' invalid': 1 });
  });

  it('is waited for within the time, and what was given up before is not sent behind the caller’s back', async () => {
    await server.kill();
    const sender = producer(200);
    const gaveUp = await Promise.allSettled(Array.from({ length: 50 }, () => sender.send(hello)));
    expect(gaveUp.every(({ status }) => status === 'rejected')).toBe(true);
    const patient = producer(15_000);
    const waiting = patient.send({ ...hello, id: 'patient' });
    await server.restart();
    expect(await waiting).toEqual({ status: 'queued', id: 'patient' });
    await expect.poll(() => sender.send({ ...hello, id: 'again' }).catch(() => undefined)).toBeTruthy();
    expect(await messagesInQueue()).toBe(2);
  });

  it('also ends recordPlay and close', async () => {
    await server.kill();
    const recorder = producer(200);
    const play = () => recorder.recordPlay({ channel: 'kongregate', to: { userId: 1 } });
    expect((await timed(play)).error).toMatchObject({
      name: 'ProducerTimeoutError',
      operation: 'recordPlay',
    });
    const { error, ms } = await timed(() => recorder.close());
    expect(error).toBeUndefined();
    expect(ms).toBeLessThan(unhurried(1500));
  });
});

describe('a Redis that goes away', () => {
  it('is found again by the same producer, with its scripts gone', async () => {
    const sender = producer(15_000);
    await sender.send({ ...hello, id: 'before' });
    await server.kill();
    const during = sender.send({ ...hello, id: 'during' });
    await server.restart();
    expect(await during).toEqual({ status: 'queued', id: 'during' });
    expect(await sender.send({ ...hello, id: 'before' })).toEqual({ status: 'duplicate', id: 'before' });
    expect(await messagesInQueue()).toBe(2);
  });

  it('is found again over an instance whose owner gave up on it', async () => {
    const mine = new Redis(server.url, { retryStrategy: () => null, maxRetriesPerRequest: 20 });
    mine.on('error', () => {});
    const sender = producer(15_000, mine);
    await sender.send({ ...hello, id: 'before' });
    await server.kill();
    await server.restart();
    expect(await sender.send({ ...hello, id: 'after' })).toEqual({ status: 'queued', id: 'after' });
    mine.disconnect();
  });

  it('does not hang a call or the closing when it freezes, and works on when it thaws', async () => {
    const sender = producer(300);
    const warm = () => sender.send({ ...hello, id: 'warm' }).catch(() => undefined);
    await expect.poll(warm).toBeTruthy();
    await server.kill('SIGSTOP');
    const first = await timed(() => sender.send({ ...hello, id: 'frozen' }));
    expect(first.error).toBeInstanceOf(ProducerTimeoutError);
    expect(first.error).toMatchObject({
      sent: true,
      message: expect.stringContaining('may have been stored anyway'),
    });
    expect(first.ms).toBeLessThan(unhurried(1500));
    const other = producer(300);
    expect((await timed(() => other.send(hello))).error).toBeInstanceOf(ProducerTimeoutError);
    const closed = await timed(() => other.close());
    expect(closed).toMatchObject({ error: undefined });
    expect(closed.ms).toBeLessThan(unhurried(2500));
    await server.kill('SIGCONT');
    await expect.poll(() => sender.send({ ...hello, id: 'frozen' }).catch(() => undefined)).toBeTruthy();
    // Whether or not the frozen one had landed, the name made the second call safe.
    const redis = new Redis(server.url);
    expect(await redis.llen('herald:{kongregate}:wait')).toBe(2);
    redis.disconnect();
  });

  it('is reached over a new connection when the old one fell silent without a word', async () => {
    const path = await silencingProxy(server.port);
    const sender = producer(unhurried(2000), path.url);
    await sender.send({ ...hello, id: 'before' });
    path.silence();
    // The same call: half of its time is for the new one.
    expect(await sender.send({ ...hello, id: 'then' })).toMatchObject({ status: 'queued' });
    path.close();
  });

  it('lets sendMany say how far it came, so that a second start loses and doubles nothing', async () => {
    const total = 6000;
    const messages = (from: number) =>
      Array.from({ length: total - from }, (_, i) => ({
        ...hello,
        id: `n-${from + i}`,
        to: { userId: from + i + 1 },
      }));
    let killed: Promise<void> | undefined;
    const failure = (await producer(unhurried(2_000))
      .sendMany(messages(0), {
        onResult: ({ index }) => {
          if (index === 1999) killed = server.kill();
        },
      })
      .catch((error: unknown) => error)) as InterruptedError<SendManyResult>;
    await killed;
    expect(failure).toBeInstanceOf(InterruptedError);
    expect(failure.cause).toBeInstanceOf(ProducerTimeoutError);
    expect(failure.resumeAt).toBeGreaterThanOrEqual(2000);
    expect(failure.resumeAt).toBeLessThan(total);
    expect(failure.progress.queued).toBeGreaterThanOrEqual(failure.resumeAt);
    await server.restart();
    const rest = await producer(unhurried(15_000)).sendMany(messages(failure.resumeAt));
    expect(rest.queued + rest.duplicate).toBe(total - failure.resumeAt);
    expect(await messagesInQueue()).toBe(total);
  });

  it('rides out a short outage in the middle of sendMany', async () => {
    const total = 6000;
    const messages = Array.from({ length: total }, (_, i) => ({
      ...hello,
      id: `n-${i}`,
      to: { userId: i + 1 },
    }));
    let restarted: Promise<void> | undefined;
    const result = await producer(unhurried(15_000)).sendMany(messages, {
      onResult: ({ index }) => {
        if (index === 1999) restarted = server.restart();
      },
    });
    await restarted;
    // A batch whose answer was lost is added again under the same job id: its records name that job, and count as queued.
    expect(result).toMatchObject({ queued: total, duplicate: 0 });
    expect(await messagesInQueue()).toBe(total);
  });
});

describe('a Redis that became a replica', () => {
  it('is left for the one that the same address leads to now', async () => {
    const successor = await startRedis();
    const proxy = await openFaultyProxy(server.port);
    const follower = new Redis(server.url);
    closing.push(
      () => successor.stop(),
      () => proxy.close(),
      async () => follower.disconnect(),
    );
    const sender = producer(15_000, `redis://127.0.0.1:${proxy.port}`);
    await sender.send({ ...hello, id: 'before' });
    // The connection stays, as it does when the address is a name or a proxy that leads elsewhere from now on.
    await follower.replicaof('127.0.0.1', successor.port);
    proxy.redirect(successor.port);
    expect(await sender.send({ ...hello, id: 'after' })).toEqual({ status: 'queued', id: 'after' });
    expect(await sender.sendMany([{ ...hello, id: 'more' }])).toMatchObject({ queued: 1 });
  });

  it('ends a call with its refusal where there is no other', async () => {
    const follower = new Redis(server.url);
    closing.push(async () => follower.disconnect());
    const sender = producer(1_500);
    await sender.send({ ...hello, id: 'before' });
    await follower.replicaof('127.0.0.1', 1);
    const { error, ms } = await timed(() => sender.send({ ...hello, id: 'after' }));
    expect(error).toMatchObject({ code: 'HERALD_PRODUCER_REFUSED', redisCode: 'READONLY' });
    expect(ms).toBeLessThan(unhurried(4_000));
  });
});

it('goes on while somebody flushes the scripts again and again', async () => {
  const flusher = new Redis(server.url);
  let flushing = true;
  const flushes = (async () => {
    while (flushing) await flusher.script('FLUSH');
  })();
  closing.push(async () => flusher.disconnect());
  const messages = Array.from({ length: 3_000 }, (_, i) => ({
    ...hello,
    id: `n-${i}`,
    to: { userId: i + 1 },
  }));
  const sent = producer(unhurried(15_000))
    .sendMany(messages)
    .finally(() => {
      flushing = false;
    });
  expect(await sent).toMatchObject({ queued: 3_000, duplicate: 0 });
  await flushes;
  expect(await messagesInQueue()).toBe(3_000);
});
