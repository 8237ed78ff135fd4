import { createReadStream } from 'node:fs';
import { tmpdir } from 'node:os';
import { PassThrough } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { beat } from '../../../src/channels/heartbeats.ts';
import { announceChannels } from '../../../src/channels/registry.ts';
import { EXIT } from '../../../src/cli/context.ts';
import { runCommandLine } from '../../../src/cli/program.ts';
import { channelStore } from '../../../src/redis/channel-store.ts';
import { eventually } from '../../../testing/eventually.ts';
import { openFaultyProxy } from '../../../testing/faulty-proxy.ts';
import { channelConfig } from '../../config/channel-config.ts';
import { herald, testContext } from '../test-context.ts';
import { useRedis } from './redis-fixture.ts';

const { redis, config, file, url } = useRedis();

const hello = (userId: number, id?: string): string =>
  JSON.stringify({
    platform: 'kongregate',
    to: { userId },
    content: 'confidential words',
    ...(id ? { id } : {}),
  });

/** The recipients of the jobs that wait in the channel's queue. */
async function waiting(): Promise<unknown[]> {
  const base = 'herald:{kongregate}';
  const ids = await redis().lrange(`${base}:wait`, 0, -1);
  const many = await redis().zrange(`${base}:prioritized`, '0', '-1');
  const jobs = await Promise.all([...ids, ...many].map((id) => redis().hget(`${base}:${id}`, 'data')));
  const messages = jobs.map((data) => JSON.parse(data!)).flatMap((data) => data.messages ?? [data]);
  return messages.map(({ to }) => to.userId).sort((a, b) => a - b);
}

it('enqueues a file, tells bad lines by number and sends the rest', async () => {
  const lines = [hello(31), '{"platform":"kongregate",', hello(32), '', hello(0), hello(33)];
  const path = await file('messages.ndjson', lines.join('\n'));
  const { exitCode, stdout, stderr } = await herald(['send', path, '--config', await config()]);
  expect(exitCode).toBe(EXIT.partly);
  expect(stdout).toMatch(/^queued +3$/m);
  expect(stdout).toMatch(/^invalid +2$/m);
  expect(stderr).toMatch(/line 2: not valid JSON/);
  expect(stderr).toMatch(/line 5: to\.userId: expected/);
  expect(stderr.trim().split('\n')).toHaveLength(2);
  expect(stdout + stderr).not.toContain('confidential');
  expect(await waiting()).toEqual([31, 32, 33]);
});

it('refuses a message without channel where only a channel of another name is configured', async () => {
  const path = await file(
    'game.yaml',
    `redis: ${url()}\nchannels: { game: { platform: kongregate, apiKey: k } }\n`,
  );
  const { exitCode, stdout, stderr } = await herald(['send', '--json', '-c', path], { stdin: hello(31) });
  expect(exitCode).toBe(EXIT.partly);
  expect(JSON.parse(stdout)).toMatchObject({ queued: 0, invalid: 1 });
  expect(stderr).toContain('The only channel of kongregate is "game": set channel to it.');
  expect(await redis().keys('*')).toEqual([]);
});

it('reads standard input and reports to a program in JSON', async () => {
  const stdin = `${hello(31, 'a')}\r\n${hello(32, 'b')}\nnonsense`;
  const { exitCode, stdout } = await herald(['send', '--json', '-c', await config()], { stdin });
  expect(exitCode).toBe(EXIT.partly);
  expect(JSON.parse(stdout)).toEqual({
    queued: 2,
    duplicate: 0,
    invalid: 1,
    stopped: null,
    invalid_lines: [{ line: 3, error: expect.stringMatching(/^not valid JSON/) }],
  });
});

it('counts messages that were sent before as duplicates, and is done', async () => {
  const argv = ['send', '--json', '-c', await config()];
  await herald(argv, { stdin: hello(31, 'a') });
  const again = await herald(argv, { stdin: `${hello(31, 'a')}\n${hello(31, 'b')}\n` });
  expect(again.exitCode).toBe(EXIT.done);
  expect(JSON.parse(again.stdout)).toMatchObject({ queued: 1, duplicate: 1, invalid: 0 });
});

it('names the line of a bad message behind thousands of good ones and of gaps', async () => {
  const lines = Array.from({ length: 3000 }, (_, i) => (i % 3 === 0 ? '' : hello(i)));
  lines[2500] = '{"platform":"kongregate","to":{},"content":"x"}';
  const { stdout } = await herald(['send', '--json', '-c', await config()], { stdin: lines.join('\n') });
  const report = JSON.parse(stdout);
  expect(report).toMatchObject({ queued: 1999, invalid: 1 });
  expect(report.invalid_lines[0].line).toBe(2501);
});

it('names the lines of bad messages, each once, also where a batch is spread over shards', async () => {
  await announceChannels(redis(), [channelConfig({ shards: 16 })]);
  const lines = Array.from({ length: 12_000 }, (_, i) => hello(i + 1));
  lines[4] = '{"platform":"kongregate",';
  lines[6] = '{"platform":"kongregate","to":{},"content":"x"}';
  const { stdout } = await herald(['send', '--json', '-c', await config()], { stdin: lines.join('\n') });
  expect(JSON.parse(stdout)).toMatchObject({
    ...{ queued: 11_998, invalid: 2 },
    invalid_lines: [{ line: 5 }, { line: 7 }],
  });
});

it('finds Redis by the environment where there is no configuration', async () => {
  await announceChannels(redis(), [channelConfig({})]);
  const { exitCode } = await herald(['send'], { stdin: hello(31), env: { REDIS_URL: url() } });
  expect(exitCode).toBe(EXIT.done);
  expect(await waiting()).toEqual([31]);
});

it('warns where a channel is neither configured here nor served by a worker', async () => {
  await announceChannels(redis(), [channelConfig({ name: 'old' })]);
  const argv = ['send', '-c', await config()];
  const stdin = `${hello(31)}\n${JSON.stringify({ ...JSON.parse(hello(32)), channel: 'old' })}`;
  const { exitCode, stderr } = await herald(argv, { stdin });
  expect(exitCode).toBe(EXIT.done);
  expect(stderr).toMatch(
    /^herald: warning: no worker of channel old is alive and .*`herald channel forget old`\n$/,
  );
  await beat(channelStore(redis(), 'old'), { host: 'elsewhere', pid: 1, since: Date.now() });
  expect((await herald(argv, { stdin })).stderr).toBe('');
});

it('reports what it enqueued also where Redis goes away before the workers are looked for', async () => {
  await announceChannels(redis(), [channelConfig({})]);
  const proxy = await openFaultyProxy(Number(new URL(url()).port));
  onTestFinished(() => proxy.close());
  const stdin = new PassThrough();
  const env = { REDIS_URL: `redis://127.0.0.1:${proxy.port}` };
  const { context, stdout, stderr } = testContext({ stdin, env });
  const ended = runCommandLine(['send', '--json'], context, '1.2.3');
  stdin.write(`${hello(31)}\n`);
  await eventually('the first message', async () => (await waiting()).length === 1);
  await proxy.refuse();
  stdin.end();
  expect([await ended, stderr()]).toEqual([EXIT.done, '']);
  expect(JSON.parse(stdout())).toMatchObject({ queued: 1, stopped: null });
});

it('sends every element of a JSON array, and tells a bad one by its index', async () => {
  const messages = [hello(31), hello(32), hello(0), hello(33)].map((text) => JSON.parse(text));
  const argv = ['send', '--json', '-c', await config()];
  const { exitCode, stdout, stderr } = await herald(argv, { stdin: JSON.stringify(messages, null, 2) });
  expect(exitCode).toBe(EXIT.partly);
  expect(JSON.parse(stdout)).toMatchObject({
    queued: 3,
    invalid: 1,
    invalid_lines: [{ index: 2, line: expect.any(Number), error: expect.stringContaining('to.userId') }],
  });
  expect(stderr).toMatch(/^standard input: \[2\] \(line \d+\): to\.userId/);
  expect(await waiting()).toEqual([31, 32, 33]);
});

it('sends objects that are laid out over several lines', async () => {
  const text = [hello(31), hello(32)].map((each) => JSON.stringify(JSON.parse(each), null, 2)).join('\n');
  const { exitCode, stderr } = await herald(['send', '-c', await config()], { stdin: text });
  expect([exitCode, stderr]).toEqual([EXIT.done, '']);
  expect(await waiting()).toEqual([31, 32]);
});

it('ends what it has begun when it is interrupted', async () => {
  const stdin = new PassThrough();
  const { context, stdout, stderr, interrupt } = testContext({ stdin });
  const ended = runCommandLine(['send', '--json', '-c', await config()], context, '1.2.3');
  stdin.write(`${hello(31)}\n`);
  await eventually('the first message', async () => (await waiting()).length === 1);
  interrupt();
  expect(await ended).toBe(EXIT.partly);
  expect(JSON.parse(stdout())).toMatchObject({ queued: 1, stopped: 'interrupted' });
  expect(stderr()).toContain('interrupted');
});

it('leaves its input once it has failed, so that the process can end while that stays open', async () => {
  const stdin = new PassThrough();
  const { context, stderr } = testContext({ stdin, env: { REDIS_URL: `${url()}/99` } });
  const ended = runCommandLine(['send'], context, '1.2.3');
  stdin.write(`${hello(31)}\n{"platform":`);
  expect(await ended).toBe(EXIT.usage);
  expect(stdin.destroyed).toBe(true);
  for (let i = 0; i < 20; i++) await turn();
  // Nothing is told of the line that was cut.
  expect(stderr()).toMatch(/^herald: .*refused database 99.*\n$/);
});

it('ends with 3 when Redis is away and nothing was done', async () => {
  const { exitCode, stdout, stderr } = await herald(['send', '--json'], {
    stdin: hello(31),
    env: { REDIS_URL: 'redis://127.0.0.1:1' },
  });
  expect(exitCode).toBe(EXIT.unreachable);
  expect(JSON.parse(stdout)).toMatchObject({ queued: 0 });
  expect(stderr).toMatch(
    /^herald: Redis did not answer: .*ECONNREFUSED.*; stopped before line 1, nothing from there on was stored\n$/,
  );
  expect(stderr).not.toContain('confidential');
});

it('takes a directory on standard input for wrong usage', async () => {
  const { exitCode, stderr } = await herald(['send', '-c', await config()], {
    stdin: createReadStream(tmpdir()),
  });
  expect(exitCode).toBe(EXIT.usage);
  expect(stderr).toContain('cannot read standard input: it is a directory; ');
});

it('takes a missing file and a broken configuration for wrong usage', async () => {
  const missing = await herald(['send', 'no-such.ndjson', '-c', await config()]);
  expect([missing.exitCode, missing.stderr]).toEqual([
    EXIT.usage,
    'herald: cannot read no-such.ndjson: no such file\n',
  ]);
  const broken = await file('broken.yaml', 'channels: { kongregate: { platform: kongregate, apiKee: x } }');
  const { exitCode, stderr } = await herald(['send', '-c', broken], { stdin: hello(31) });
  expect(exitCode).toBe(EXIT.usage);
  expect(stderr).toMatch(/^herald: .*broken\.yaml:1: channels\.kongregate\.apiKee/m);
  expect((await herald(['send', '-c', 'no-such.yaml'], { stdin: hello(31) })).exitCode).toBe(EXIT.usage);
});

it('shows a bar at a terminal, and bad lines on lines of their own', async () => {
  const path = await file('messages.ndjson', `${hello(31)}\nnonsense\n${hello(32)}\n`);
  const { stdout, stderr } = await herald(['send', path, '-c', await config()], { terminal: true });
  expect(stderr).toContain('messages');
  const [, told] = stderr.split('\r\u001b[K');
  expect(told).toMatch(/^.*messages\.ndjson: line 2: not valid JSON.*\n/);
  expect(stdout).toMatch(/^queued +2$/m);
});

it('checks everything in a dry run, and enqueues nothing', async () => {
  const argv = ['--json', '-c', await config()];
  await herald(['send', ...argv], { stdin: hello(31, 'taken') });
  const stdin = [hello(31, 'taken'), hello(32, 'free'), hello(33), hello(0)].join('\n');
  const { exitCode, stdout } = await herald(['send', '--dry-run', ...argv], { stdin });
  expect(exitCode).toBe(EXIT.partly);
  expect(JSON.parse(stdout)).toMatchObject({ dry_run: true, queued: 2, duplicate: 1, invalid: 1 });
  expect(await waiting()).toEqual([31]);
});
