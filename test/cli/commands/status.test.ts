import { hostname } from 'node:os';
import { describe, expect } from 'vitest';
import { EXIT } from '../../../src/cli/context.ts';
import { runCommandLine } from '../../../src/cli/program.ts';
import { eventually } from '../../../testing/eventually.ts';
import { bury } from '../../admin/admin-fixture.ts';
import { CHANNEL } from '../../support/environment.ts';
import { it } from '../operator-fixture.ts';
import { herald, testContext } from '../test-context.ts';

describe.concurrent('status', () => {
  it('counts what waits, what is scheduled and what is dead', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    const worker = await env.worker();
    await bury(env, [10]);
    await worker.close();
    await env.send(11);
    await env.send(12, { priority: 3 });
    await env.send(13, { sendAt: new Date(Date.now() + 3_600_000).toISOString() });
    const { exitCode, stdout } = await operator.run(env, ['status']);
    expect(exitCode).toBe(EXIT.done);
    expect(stdout).toMatch(
      /^channel +ready +active +scheduled +waiting for slot +retrying +dead +oldest ready +workers$/m,
    );
    expect(stdout).toMatch(/^kongregate +2 +0 +1 +0 +0 +1 +\d+(ms|s) +0$/m);
    expect(await operator.documents(env, ['status', '--channel', CHANNEL])).toMatchObject([
      { channel: CHANNEL, ready: 2, scheduled: 1, dead: 1, sendable: 2, dead_letters: { bad_recipient: 1 } },
    ]);
    expect(await operator.documents(env, ['status'])).toMatchObject([
      { breaker: 'closed', sends_in_doubt: 0 },
    ]);
  });

  it('counts the workers that are alive', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    const workers = async () => (await operator.documents(env, ['status']))[0]?.['workers'];
    expect(await workers()).toEqual([]);
    const [first, second] = [await env.worker(), env.spawn()];
    await second.ready();
    const alive = (found: unknown): boolean => Array.isArray(found) && found.length === 2;
    expect(await eventually('two workers', workers, alive)).toMatchObject([
      { host: hostname(), pid: expect.any(Number), since: expect.stringMatching(/Z$/) },
      { host: hostname(), pid: expect.any(Number) },
    ]);
    await first.close();
    expect(await workers()).toMatchObject([{ pid: second.pid }]);
    // Killed, it counts until its word expires.
    await second.kill();
    expect(await env.redis.pttl('herald:{kongregate}:workers')).toBeGreaterThan(0);
    await env.redis.zadd(
      'herald:{kongregate}:workers',
      'XX',
      1,
      (await env.redis.zrange('herald:{kongregate}:workers', '0', '0'))[0]!,
    );
    expect(await workers()).toEqual([]);
  });

  it('says why a channel is held', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment({ channel: { apiKey: 'wrong' } });
    await env.worker();
    await env.send(11);
    const stopped = () => operator.run(env, ['status']);
    // Right after the refusal, a worker still has the message in hand.
    const { stdout } = await eventually('a stop', stopped, (seen) => seen.stdout.includes('1 stopped'));
    expect(stdout).toMatch(/^kongregate is stopped \(credentials\) since \d{4}-/m);
    expect(stdout).toMatch(/^kongregate waits, by cause: 1 stopped$/m);
    expect(await operator.documents(env, ['status'])).toMatchObject([{ waiting: { stopped: 1 } }]);
  });

  it('says that a breaker lets one message go ahead, and its state', async ({
    openEnvironment,
    operator,
  }) => {
    const env = await openEnvironment();
    await (await env.worker()).close();
    await env.redis.hset('herald:{kongregate}:ledger:channel', 'opens', 1);
    const { stdout } = await operator.run(env, ['status']);
    expect(stdout).toMatch(/^kongregate has its breaker half open: one message goes ahead/m);
    expect(await operator.documents(env, ['status'])).toMatchObject([{ breaker: 'half_open' }]);
  });

  it('draws it anew at a terminal until it is interrupted', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    const { context, stdout, interrupt } = testContext({ terminal: true });
    const argv = ['status', '--watch', '--config', await operator.config(env)];
    const ended = runCommandLine(argv, context, '1.2.3');
    await eventually('a first frame', () => stdout().includes('kongregate'));
    await env.send(11);
    await eventually('a frame with the message', () => /kongregate +1 /.test(stdout()));
    interrupt();
    expect(await ended).toBe(EXIT.done);
  });

  it('waits for a Redis that goes away, and can be interrupted meanwhile', async ({
    openEnvironment,
    operator,
  }) => {
    const env = await openEnvironment({ appendonly: true });
    const { context, stdout, interrupt } = testContext({ terminal: true });
    const argv = ['status', '--watch', '--config', await operator.config(env)];
    const ended = runCommandLine(argv, context, '1.2.3');
    await eventually('a first frame', () => stdout().includes('kongregate'));
    await env.server.kill();
    await eventually('the outage', () => stdout().includes('Redis is not answering'));
    await env.server.restart();
    await env.send(11);
    await eventually('a frame with the message', () => /kongregate +1 /.test(stdout()));
    await env.server.kill();
    interrupt();
    expect(await ended).toBe(EXIT.done);
  });

  it('does not wait for a Redis that is away from the beginning', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    const argv = ['status', '--watch', '--config', await operator.config(env)];
    await env.server.kill();
    const { context, stderr } = testContext({ terminal: true });
    expect(await runCommandLine(argv, context, '1.2.3')).toBe(EXIT.unreachable);
    expect(stderr()).toMatch(/^herald: Redis at \S+ did not answer: /);
  });

  it('writes one reading below the other on a pipe, for people and for programs', async ({
    openEnvironment,
    operator,
  }) => {
    const env = await openEnvironment();
    const argv = ['status', '--watch', '--config', await operator.config(env)];
    const [people, program] = [testContext(), testContext()];
    const ended = [
      runCommandLine(argv, people.context, '1.2.3'),
      runCommandLine([...argv, '--json'], program.context, '1.2.3'),
    ];
    await eventually('a first reading', () => people.stdout() !== '' && program.stdout() !== '');
    await env.send(11);
    await eventually('one with the message', () => /^kongregate +1 /m.test(people.stdout()));
    await eventually('the same for programs', () => program.stdout().includes('"ready":1'));
    for (const { interrupt } of [people, program]) interrupt();
    expect(await Promise.all(ended)).toEqual([EXIT.done, EXIT.done]);
    const [first, second] = people.stdout().split('\n\n');
    for (const reading of [first, second])
      expect(reading).toMatch(/^\d{4}-\S+Z\nchannel +ready .*\nkongregate /);
    const documents = program
      .stdout()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(documents[0]).toMatchObject({ at: expect.stringMatching(/Z$/), channel: CHANNEL, ready: 0 });
  });

  it('knows no channel on an empty Redis without configuration', async ({ openEnvironment, expect }) => {
    const env = await openEnvironment();
    const { exitCode, stdout } = await herald(['status'], { env: { REDIS_URL: env.server.url } });
    expect([exitCode, stdout]).toEqual([EXIT.done, 'no channels are configured or announced\n']);
  });

  it('ends with 3 when Redis is away', async ({ expect }) => {
    const { exitCode, stdout } = await herald(['status'], { env: { REDIS_URL: 'redis://127.0.0.1:1' } });
    expect([exitCode, stdout]).toEqual([EXIT.unreachable, '']);
  });
});
