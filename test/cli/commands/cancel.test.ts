import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { describe, expect } from 'vitest';
import { announceChannels } from '../../../src/channels/registry.ts';
import { EXIT } from '../../../src/cli/context.ts';
import { channelConfig } from '../../config/channel-config.ts';
import { CHANNEL } from '../../support/environment.ts';
import { it } from '../operator-fixture.ts';
import { herald } from '../test-context.ts';

/** A way to Redis that is closed for good once a request has this text, such as the act that is recorded at the end. */
async function openUntil(text: string, redisPort: number) {
  const listener = createServer((client) => {
    const redis = connect(redisPort, '127.0.0.1');
    redis.pipe(client);
    for (const end of [client, redis]) end.on('error', () => {});
    client.on('close', () => redis.destroy());
    client.on('data', (bytes) => {
      if (!bytes.includes(text)) return void redis.write(bytes);
      listener.close();
      client.destroy();
    });
  });
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  return { port: (listener.address() as AddressInfo).port, close: () => void listener.close() };
}

describe.concurrent('cancel', () => {
  it('ends messages that wait, tells which are too late or not known, and ends with 1 then', async ({
    openEnvironment,
    operator,
  }) => {
    const env = await openEnvironment();
    const worker = await env.worker();
    await env.send(11, { id: 'sent' });
    await env.settled(1);
    await worker.close();
    for (const id of ['one', 'two']) await env.send(21, { id });
    const { exitCode, stdout } = await operator.run(env, ['cancel', 'one', 'sent', 'nobody']);
    expect([exitCode, stdout.split('\n')]).toEqual([
      EXIT.partly,
      [
        'one in channel kongregate: cancelled',
        'sent in channel kongregate: too late: it is being sent, or final',
        'nobody: not known: never enqueued, or enqueued by a foreign producer and not yet tried',
        '',
      ],
    ]);
    const again = await operator.run(env, ['cancel', 'one', 'two', '--channel', CHANNEL, '--json']);
    expect([
      again.exitCode,
      again.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ]).toEqual([
      EXIT.done,
      [
        { id: 'one', channel: CHANNEL, status: 'cancelled' },
        { id: 'two', channel: CHANNEL, status: 'cancelled' },
      ],
    ]);
    const [explained] = await operator.documents(env, ['explain', 'two']);
    expect(explained).toMatchObject({
      record: { state: 'suppressed', reason: 'cancelled', attempts: 0 },
      predicted: { verdict: 'cancelled', final: { state: 'suppressed', reason: 'cancelled' } },
      receipts: [{ state: 'suppressed', reason: 'cancelled' }],
      next: expect.stringMatching(
        /^It was suppressed \(cancelled\) at .*Z; the worker that picks up its job/,
      ),
    });
    const other = await env.worker();
    expect(await env.agreed(3, [worker, other])).toEqual({ 'delivered/sent': 1, 'suppressed/cancelled': 2 });
  });

  it('cancels whatever waits for a recipient, also in campaigns', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    await env.send(21, { id: 'one' });
    await env.send(31, { id: 'other' });
    const spring = { id: 'spring', platform: 'kongregate' as const, content: 'Hello' };
    await env.producer.campaign(spring, [{ to: { userId: 21 } }, { to: { userId: 41 } }]);
    const argv = ['cancel', '--to', '{"userId":21}', '--channel', CHANNEL];
    const { exitCode, stdout } = await operator.run(env, argv);
    expect([exitCode, stdout.trim().split('\n').sort()]).toEqual([
      EXIT.done,
      [
        'one in channel kongregate: cancelled',
        expect.stringMatching(/^spring-[\w-]{11} in channel kongregate: cancelled$/),
      ],
    ]);
    const none = await operator.run(env, ['cancel', '--to', '{"userId":99}']);
    expect([none.exitCode, none.stderr]).toEqual([
      EXIT.done,
      'herald: nothing waits for this recipient in channel kongregate\n',
    ]);
    await env.worker();
    expect(await env.settled(4)).toEqual({ 'delivered/sent': 2, 'suppressed/cancelled': 2 });
  });

  it('cancels a campaign, and tells before what that would do', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    const spring = { id: 'spring', platform: 'kongregate' as const, content: 'Hello' };
    await env.producer.campaign(spring, [{ to: { userId: 21 } }, { to: { userId: 41 } }]);
    const argv = ['cancel', '--campaign', 'spring'];
    expect(await operator.documents(env, argv)).toMatchObject([
      { dry_run: true, waiting: 2, state: 'running' },
    ]);
    const { exitCode, stdout } = await operator.run(env, [...argv, '--yes']);
    expect([exitCode, stdout]).toEqual([EXIT.done, 'spring in channel kongregate: cancelled\n']);
    await env.worker();
    expect(await env.settled(2)).toEqual({ 'suppressed/cancelled': 2 });
  });

  it('takes either ids or a selection, and a recipient of the channel', async ({
    openEnvironment,
    operator,
  }) => {
    const env = await openEnvironment();
    const wrong: [string[], RegExp][] = [
      [[], /expected either message ids, or --campaign or --to/],
      [['one', '--campaign', 'spring'], /expected either message ids, or --campaign or --to/],
      [['--to', 'x'], /expected JSON such as/],
      [['--to', '{"userId":"x"}'], /cancel: --to: to\.userId: expected a number/],
      [['--to', '{"userId":1}', '--channel', 'nobody'], /Unknown channel "nobody"/],
    ];
    for (const [argv, problem] of wrong) {
      const { exitCode, stderr } = await operator.run(env, ['cancel', ...argv]);
      expect([exitCode, stderr]).toEqual([EXIT.usage, expect.stringMatching(problem)]);
    }
    const { exitCode, stderr } = await operator.run(env, [
      'cancel',
      '--campaign',
      'x',
      '--to',
      '{"userId":1}',
    ]);
    expect([exitCode, stderr]).toEqual([
      EXIT.partly,
      expect.stringContaining('no campaign "x" in any channel'),
    ]);
  });

  it('names the channels that it knows where one is unknown', async ({ openEnvironment, operator }) => {
    const argv = ['cancel', 'one', '--channel', 'kongregat'];
    const { exitCode, stderr } = await operator.run(await openEnvironment(), argv);
    expect([exitCode, stderr]).toEqual([EXIT.usage, expect.stringContaining('Known: kongregate.')]);
  });

  it('says how many of a recipient it cancelled when Redis goes away, and ends with 1', async ({
    openEnvironment,
    onTestFinished,
  }) => {
    const env = await openEnvironment();
    for (const id of ['one', 'two']) await env.send(21, { id });
    await announceChannels(env.redis, [channelConfig({ name: CHANNEL })]);
    const door = await openUntil('recipient.cancel', env.server.port);
    onTestFinished(() => door.close());
    const argv = ['cancel', '--to', '{"userId":21}', '--channel', CHANNEL];
    expect(await herald(argv, { env: { REDIS_URL: `redis://127.0.0.1:${door.port}` } })).toEqual({
      exitCode: EXIT.partly,
      stdout: '',
      stderr: 'herald: lost the connection to Redis after 2 messages; run it again for the rest\n',
    });
  });

  it('ends with 3 when Redis is away', async ({ expect }) => {
    const env = { REDIS_URL: 'redis://127.0.0.1:1' };
    expect((await herald(['cancel', 'one'], { env })).exitCode).toBe(EXIT.unreachable);
  });
});
