import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { EXIT } from '../../src/cli/context.ts';
import { useRedis } from './commands/redis-fixture.ts';
import { herald } from './test-context.ts';

/** What a Redis that answers may refuse: one sentence, never the stack of a bug. */

const fixture = useRedis();
const STATUS = ['status'];
const DOCTOR = ['doctor', '--json'];
const SEND = ['send'];
const MESSAGE = '{"platform":"kongregate","to":{"userId":32},"content":"Hello"}\n';

const at = async (redis: string, argv: readonly string[]) => {
  const channels = { kongregate: { platform: 'kongregate', apiKey: 'some-key' } };
  const config = await fixture.file('refused.yaml', JSON.stringify({ redis, channels }));
  return await herald([...argv, '--config', config], { stdin: MESSAGE });
};

/** A user who may do all but these. */
async function restricted(...rules: string[]): Promise<string> {
  await fixture.redis().call('ACL', 'SETUSER', 'limited', 'on', '>secret', '~*', '&*', '+@all', ...rules);
  onTestFinished(async () => void (await fixture.redis().call('ACL', 'DELUSER', 'limited')));
  return fixture.url().replace('//', '//limited:secret@');
}

async function noRedis(): Promise<string> {
  const other = createServer((socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  onTestFinished(() => void other.close());
  await once(other.listen(0, '127.0.0.1'), 'listening');
  return `redis://127.0.0.1:${(other.address() as AddressInfo).port}`;
}

describe('a database that Redis does not have', () => {
  it.each([[STATUS], [SEND]])('ends %s with 2', async (argv) => {
    const { exitCode, stderr } = await at(`${fixture.url()}/99`, argv);
    expect([exitCode, stderr]).toEqual([
      EXIT.usage,
      expect.stringMatching(/^herald: .*refused database 99: ERR/),
    ]);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(await fixture.redis().dbsize()).toBe(0);
  });

  it('is a finding of doctor', async () => {
    const { exitCode, stdout } = await at(`${fixture.url()}/99`, DOCTOR);
    expect(exitCode).toBe(EXIT.usage);
    expect(stdout).toMatch(/"failed","text":"Redis refused database 99: .*; fix it in the configuration\."/);
  });
});

describe('a login that Redis refuses', () => {
  it.each([[STATUS], [SEND]])('ends %s with 3', async (argv) => {
    const { exitCode, stderr } = await at(fixture.url().replace('//', '//nobody:wrong@'), argv);
    expect([exitCode, stderr]).toEqual([
      EXIT.unreachable,
      expect.stringMatching(/^herald: .*WRONGPASS.*\n$/),
    ]);
  });
});

describe('what is no Redis', () => {
  it.each([[STATUS], [SEND]])('ends %s with 3', async (argv) => {
    const { exitCode, stderr } = await at(await noRedis(), argv);
    expect([exitCode, stderr]).toEqual([
      EXIT.unreachable,
      expect.stringMatching(/^herald: .*is not a Redis server.*\n$/),
    ]);
  });
});

describe('a command that Redis refuses', () => {
  it('ends status with 1', async () => {
    const { exitCode, stderr } = await at(await restricted('-hgetall'), STATUS);
    expect([exitCode, stderr]).toEqual([
      EXIT.partly,
      expect.stringMatching(/^herald: Redis refused: NOPERM.*\n$/),
    ]);
  });

  it('is a finding of doctor, beside the others', async () => {
    const { exitCode, stdout, stderr } = await at(await restricted('-time'), DOCTOR);
    expect([exitCode, stderr]).toEqual([EXIT.partly, '']);
    expect(stdout).toMatch(/"clock","level":"failed","text":"Redis refused: NOPERM/);
    expect(stdout).toMatch(/"channels","level":"failed","text":"Redis refused: /);
    expect(stdout).toContain('"name":"memory"');
    const none = await at(await restricted('-hgetall'), DOCTOR);
    expect([none.exitCode, none.stderr]).toEqual([EXIT.partly, '']);
    expect(none.stdout).toMatch(/"redis","level":"failed","text":"Redis refused: NOPERM/);
  });
});
