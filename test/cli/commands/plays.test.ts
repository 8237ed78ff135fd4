import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../../src/cli/context.ts';
import { runCommandLine } from '../../../src/cli/program.ts';
import { eventually } from '../../../testing/eventually.ts';
import { herald, testContext } from '../test-context.ts';
import { useRedis } from './redis-fixture.ts';

const { redis, config, file } = useRedis();

const AT = new Date(Date.now() - 3_600_000).toISOString();

/** Keys of the channel that hold something: plays are packed into few. */
const keys = (): Promise<string[]> => redis().keys('herald:{kongregate}:*');

describe('plays import', () => {
  it('records a CSV file, tells bad lines by number and records the rest', async () => {
    const path = await file('plays.csv', `userId,at\n31,${AT}\nnobody,${AT}\n0,${AT}\n32,${AT}\n`);
    const argv = ['plays', 'import', path, '--channel', 'kongregate', '--json', '-c', await config()];
    const { exitCode, stdout, stderr } = await herald(argv);
    expect(exitCode).toBe(EXIT.partly);
    expect(JSON.parse(stdout)).toMatchObject({ recorded: 2, invalid: 2, stopped: null });
    expect(stderr).toMatch(/line 3: userId: expected a positive whole number/);
    expect(stderr).toMatch(/line 4: to\.userId/);
    expect(await keys()).not.toEqual([]);
  });

  it('reads NDJSON from standard input', async () => {
    const stdin = `{"userId":31,"at":"${AT}"}\n{"to":{"userId":32},"at":"${AT}"}`;
    const argv = ['plays', 'import', '-', '--channel', 'kongregate', '-c', await config()];
    const { exitCode, stdout } = await herald(argv, { stdin });
    expect(exitCode).toBe(EXIT.done);
    expect(stdout).toMatch(/^recorded +2$/m);
  });

  it('stops at a file without a header', async () => {
    const argv = ['plays', 'import', '-', '--channel', 'kongregate', '-c', await config()];
    const { exitCode, stderr } = await herald(argv, { stdin: `31,${AT}\n32,${AT}\n` });
    expect(exitCode).toBe(EXIT.partly);
    expect(stderr).toContain('line 1: expected a header');
    expect(await keys()).toEqual([]);
  });

  it.each([
    ['while its input stays open', (_stdin: PassThrough, interrupt: () => void) => interrupt()],
    [
      'together with the command before it in the pipe',
      (stdin: PassThrough, interrupt: () => void) => {
        stdin.once('end', () => setImmediate(interrupt));
        stdin.end();
      },
    ],
  ])('records no play of a part of a line when it is interrupted %s', async (_, end) => {
    const stdin = new PassThrough();
    const { context, stdout, stderr, interrupt } = testContext({ stdin });
    const argv = ['plays', 'import', '-', '--channel', 'kongregate', '--json', '-c', await config()];
    const ended = runCommandLine(argv, context, '1.2.3');
    // The last is the beginning of 12345678.
    stdin.write(`at,userId\n${AT},32\n${AT},123`);
    await eventually('the first play', async () => (await keys()).length > 0);
    end(stdin, interrupt);
    expect(await ended).toBe(EXIT.partly);
    expect(JSON.parse(stdout())).toMatchObject({ recorded: 1, invalid: 0, stopped: 'interrupted' });
    expect(stderr()).toBe('herald: interrupted\n');
  });

  it('wants a channel', async () => {
    const { exitCode, stderr } = await herald(['plays', 'import', '-']);
    expect([exitCode, stderr]).toEqual([EXIT.usage, expect.stringContaining('--channel')]);
  });
});

describe('plays record', () => {
  it('records one play', async () => {
    const argv = ['plays', 'record', '--channel', 'kongregate', '--user-id', '31', '--at', AT, '--json'];
    const { exitCode, stdout } = await herald([...argv, '-c', await config()]);
    expect([exitCode, stdout]).toEqual([EXIT.done, '{"recorded":1}\n']);
    expect(await keys()).not.toEqual([]);
  });

  it.each([
    [['--at', 'yesterday', '--user-id', '31'], /expected an ISO instant/],
    [['--user-id', '31', '--username', 'ada'], /either --user-id or --username/],
    [[], /either --user-id or --username/],
    [['--user-id', '-5'], /whole number/],
  ])('refuses %j', async (argv, why) => {
    const { exitCode, stderr } = await herald([
      'plays',
      'record',
      '--channel',
      'kongregate',
      ...argv,
      '-c',
      await config(),
    ]);
    expect([exitCode, stderr]).toEqual([EXIT.usage, expect.stringMatching(why)]);
  });

  it('says that a channel is unknown', async () => {
    const argv = ['plays', 'record', '--channel', 'kongregat', '--user-id', '31', '-c', await config()];
    const { exitCode, stderr } = await herald(argv);
    expect([exitCode, stderr]).toEqual([
      EXIT.usage,
      expect.stringMatching(/^herald: Unknown channel "kongregat"/),
    ]);
  });
});
