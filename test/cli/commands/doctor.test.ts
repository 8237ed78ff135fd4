import { writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { describe, expect } from 'vitest';
import type { Check } from '../../../src/check.ts';
import { EXIT } from '../../../src/cli/context.ts';
import { channelKeys } from '../../../src/redis/keys.ts';
import type { Environment } from '../../support/environment.ts';
import { it, type Operator } from '../operator-fixture.ts';
import { herald, type TestContextOptions } from '../test-context.ts';

const KEY = { apiKey: 'sandbox-key' };

async function examine(
  config: string,
  options: TestContextOptions = {},
): Promise<{ exitCode: number; checks: Check[]; of(name: string): string[] }> {
  const { exitCode, stdout } = await herald(['doctor', '--json', '--config', config], options);
  const checks = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Check);
  const of = (name: string): string[] =>
    checks.filter((check) => check.name === name).map(({ level, text }) => `${level}: ${text}`);
  return { exitCode, checks, of };
}

const doctor = async (env: Environment, operator: Operator) => await examine(await operator.config(env, KEY));

describe.concurrent('doctor', () => {
  it('finds nothing wrong with a Redis that keeps its data', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment({ appendonly: true });
    await env.worker();
    const { exitCode, checks, of } = await doctor(env, operator);
    expect(checks.filter(({ level }) => level === 'failed')).toEqual([]);
    expect(exitCode).toBe(EXIT.done);
    expect(of('credentials')).toEqual(['ok: present for kongregate.']);
    expect(of('version')).toEqual([expect.stringMatching(/^ok: (Redis|Valkey) \d+\.\d+/)]);
    expect(of('persistence')).toEqual([expect.stringMatching(/^warning: AOF synced every second/)]);
    expect(of('clock')).toEqual([expect.stringMatching(/^ok: this machine is \d+ ms/)]);
    expect(of('channel kongregate')).toEqual([
      'ok: kongregate, announced by a worker.',
      `ok: 1 worker alive on ${hostname()}.`,
    ]);
    expect(of('dead letters')).toEqual(['ok: none.']);
  });

  it('tells that something else lies under a key of a channel', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    await env.redis.set(`${channelKeys('kongregate').ledger}:channel`, 'something else');
    const { exitCode, of } = await doctor(env, operator);
    expect(exitCode).toBe(EXIT.partly);
    expect(of('channels')).toEqual([
      expect.stringMatching(/^failed: Redis refused: WRONGTYPE .*; a key of Herald's holds another type\.$/),
    ]);
  });

  it('fails a Redis that may forget, and says what to do', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    await env.redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
    await env.redis.config('SET', 'hash-max-listpack-value', '32');
    const { exitCode, of } = await doctor(env, operator);
    expect(exitCode).toBe(EXIT.partly);
    expect(of('persistence')).toEqual([expect.stringMatching(/^failed: AOF is off.*set appendonly to yes/)]);
    expect(of('eviction')).toEqual([expect.stringMatching(/^failed: .*allkeys-lru.*set it to noeviction/)]);
    expect(of('memory')).toEqual([expect.stringMatching(/^warning: .*hash-max-listpack-value to 64/)]);
    expect(of('channel kongregate')).toEqual([expect.stringMatching(/^warning: not served by a worker yet/)]);
  });

  it('fails a Redis that is full', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment({ appendonly: true });
    await env.redis.config('SET', 'maxmemory', '1000');
    const { exitCode, of } = await doctor(env, operator);
    expect(exitCode).toBe(EXIT.partly);
    expect(of('maxmemory')).toEqual([expect.stringMatching(/^failed: .* of 0\.0 MB used: Redis is full/)]);
    expect(of('writes')).toEqual([expect.stringMatching(/^failed: Redis refuses writes.*OOM/)]);
  });

  it('fails a channel that nobody serves while messages wait', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment({ appendonly: true });
    const worker = await env.worker();
    await worker.close();
    await env.send(1);
    await env.send(11, { sendAt: new Date(Date.now() + 3_600_000).toISOString() });
    const { exitCode, of } = await doctor(env, operator);
    expect(exitCode).toBe(EXIT.partly);
    expect(of('channel kongregate')).toContain(
      'failed: no worker alive, and 2 messages wait: start `herald worker`.',
    );
  });

  it('compares the channels of workers with its own, and tells of stopped ones', async ({
    openEnvironment,
    operator,
  }) => {
    const env = await openEnvironment({ appendonly: true });
    await env.worker();
    const facts = await env.redis.hget('herald:channels', 'kongregate');
    await env.redis.hset('herald:channels', 'forum', facts ?? '');
    await operator.run(env, ['channel', 'pause', 'kongregate']);
    const { of, exitCode } = await doctor(env, operator);
    expect(exitCode).toBe(EXIT.done);
    expect(of('channel forum')).toEqual([
      expect.stringMatching(/^warning: announced .* not configured here/),
      'warning: no worker alive: start `herald worker`.',
    ]);
    expect(of('channel kongregate')).toContainEqual(
      expect.stringMatching(/^warning: paused since .*channel resume/),
    );
  });

  it('fails a quota that workers refuse, until it is the one in force again', async ({
    openEnvironment,
    operator,
  }) => {
    const env = await openEnvironment({ appendonly: true });
    await env.worker();
    await env.send(11);
    await env.settled(1);
    const changed = { ...KEY, quota: { max: 1, per: 'week' } };
    const { of, exitCode } = await examine(await operator.config(env, changed));
    expect(exitCode).toBe(EXIT.partly);
    expect(of('channel kongregate')).toContainEqual(
      expect.stringMatching(
        /^failed: quota was changed here while messages sent under the old one count until \S+Z: workers with it are refused/,
      ),
    );
    expect((await doctor(env, operator)).exitCode).toBe(EXIT.done);
  });

  it('warns of what a managed Redis does not tell', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment({ appendonly: true });
    await env.redis.call('ACL', 'SETUSER', 'default', '-config');
    const { exitCode, of } = await doctor(env, operator);
    expect(exitCode).toBe(EXIT.done);
    expect(of('persistence')).toEqual([
      expect.stringMatching(/^warning: AOF is on; appendfsync could not be read/),
    ]);
    expect(of('memory')).toEqual([expect.stringMatching(/^warning: .* could not be read/)]);
    await env.redis.call('ACL', 'SETUSER', 'default', '-info');
    expect((await doctor(env, operator)).of('redis')).toContainEqual(
      expect.stringMatching(/^warning: .*INFO/),
    );
  });

  it('asks the platforms after the channels’ accounts, where it has their credentials', async ({
    openEnvironment,
    operator,
  }) => {
    const env = await openEnvironment({
      appendonly: true,
      sandbox: { zulip: { webhookBots: ['hook@example.com:hook-key'] } },
    });
    const accounts = {
      'bot@example.com': 'sandbox-key',
      'hook@example.com': 'hook-key',
      'no@example.com': 'no-key',
    };
    const channels = Object.entries(accounts).map(([email, apiKey]) => [
      email.replace(/@.*/, ''),
      { platform: 'zulip', baseUrl: `${env.sandbox.url}/zulip`, email, apiKey },
    ]);
    const path = await operator.config(env);
    await writeFile(path, JSON.stringify({ redis: env.server.url, channels: Object.fromEntries(channels) }));
    const { exitCode, of } = await examine(path);
    expect(exitCode).toBe(EXIT.partly);
    expect(of('account bot')).toEqual(['ok: has the rights that the channel needs.']);
    expect(of('account hook')).toEqual([expect.stringMatching(/^warning: .*"Generic bot"\.$/)]);
    expect(of('account no')).toEqual([expect.stringMatching(/^failed: .*refused email and apiKey\.$/)]);
    expect(env.sandbox.zulip.messages).toEqual([]);
  });

  it('names the credential that no header can carry', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    const config = await operator.config(env);
    const { exitCode, of } = await examine(config, { env: { NOT_SET_HERE: 'schlüssel-\u200b' } });
    expect(exitCode).toBe(EXIT.usage);
    expect(of('credentials')).toEqual([expect.stringMatching(/^failed: .*apiKey.*ASCII/)]);
    expect(of('credentials')[0]).not.toContain('schl');
  });

  it('tells what else is wrong where a credential is missing, and ends with 2', async ({
    openEnvironment,
    operator,
  }) => {
    const env = await openEnvironment();
    const { exitCode, of } = await examine(await operator.config(env));
    expect(exitCode).toBe(EXIT.usage);
    expect(of('credentials')).toEqual([expect.stringMatching(/^failed: .*apiKey.*NOT_SET_HERE/)]);
    expect(of('persistence')).toHaveLength(1);
    const given = await examine(await operator.config(env), { env: { NOT_SET_HERE: 'a-key' } });
    expect(given.of('credentials')).toEqual(['ok: present for kongregate.']);
  });

  it('warns of secrets that stand in the file, by line and without their values', async ({
    openEnvironment,
    operator,
  }) => {
    const env = await openEnvironment({ appendonly: true });
    const config = await operator.config(env, { apiKey: 'k3y-in-the-file' });
    const { exitCode, checks, of } = await examine(config);
    expect(exitCode).toBe(EXIT.done);
    expect(of('secrets')).toEqual([
      expect.stringMatching(
        /^warning: .*herald-\d+\.yaml:1: channels\.kongregate\.apiKey: contains a secret: write \$\{NAME\}/,
      ),
    ]);
    expect(JSON.stringify(checks)).not.toContain('k3y-in-the-file');
    const named = await examine(await operator.config(env), { env: { NOT_SET_HERE: 'a-key' } });
    expect(named.of('secrets')).toEqual([]);
  });

  it('ends with 2 for a configuration that cannot be used, with 3 when Redis is away', async ({
    openEnvironment,
    operator,
  }) => {
    const env = await openEnvironment();
    const config = await operator.config(env, KEY);
    await env.redis.config('SET', 'requirepass', 'secret');
    expect((await examine(config)).of('redis')).toEqual([
      expect.stringMatching(/requires a password: .* \(NOAUTH\); fix its address or credentials/),
    ]);
    await env.server.kill();
    const away = await examine(config);
    expect([away.exitCode, away.of('redis')]).toEqual([
      EXIT.unreachable,
      [expect.stringMatching(/^failed: Redis at 127\.0\.0\.1:\d+ did not answer: .*; start it, or fix/)],
    ]);
    await writeFile(config, 'channels: { kongregate: { platform: kongregate, apiKee: x } }');
    const broken = await examine(config);
    expect([broken.exitCode, broken.of('configuration')]).toEqual([
      EXIT.usage,
      expect.arrayContaining([expect.stringMatching(/^failed: .*:1: channels\.kongregate\.apiKee/)]),
    ]);
    expect(await herald(['doctor', '--config', 'no-such.yaml'])).toMatchObject({
      exitCode: EXIT.usage,
      stdout: expect.stringMatching(/^configuration +failed +no configuration at no-such\.yaml/m),
    });
  });
});
