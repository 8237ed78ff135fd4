import { writeFile } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { describe, expect, vi } from 'vitest';
import { EXIT } from '../../../src/cli/context.ts';
import { runCommandLine } from '../../../src/cli/program.ts';
import { recordPlays } from '../../../src/ledger/lookups.ts';
import { channelStore } from '../../../src/redis/channel-store.ts';
import { channelKeys } from '../../../src/redis/keys.ts';
import { CHANNEL, type Environment } from '../../support/environment.ts';
import { it, type Operator } from '../operator-fixture.ts';
import { herald, testContext } from '../test-context.ts';

const SPRING = `id: spring
platform: kongregate
content: |
  Hello **{{ name }}**
data: { name: you }
priority: 5
`;

/** Writes a file beside the environment's configuration, and answers with its path. */
async function file(env: Environment, operator: Operator, name: string, text: string): Promise<string> {
  const path = (await operator.config(env)).replace(/[^/]+$/, name);
  await writeFile(path, text);
  return path;
}

async function start(env: Environment, operator: Operator, csv: string, ...more: string[]) {
  const spec = await file(env, operator, 'spring.yaml', SPRING);
  return await operator.run(env, ['campaign', 'start', spec, '--to', '-', ...more], { stdin: csv });
}

const recipientsIn = async ({ queue }: Environment) =>
  (await queue.getPrioritized()).flatMap(({ data }) => data.to);
const players = (...ids: number[]): string => `userId\n${ids.join('\n')}\n`;

describe.concurrent('campaign start', () => {
  it('lists the recipients of a file, and tells bad ones by their lines', async ({
    openEnvironment,
    operator,
  }) => {
    const env = await openEnvironment();
    const to = await file(env, operator, 'players.csv', 'userId,name\n31,Ann\n32,\nx,Bob\n33,Cy,what\n34,\n');
    const spec = await file(env, operator, 'spring.yaml', SPRING);
    const { exitCode, stdout, stderr } = await operator.run(env, ['campaign', 'start', spec, '--to', to]);
    expect(exitCode).toBe(EXIT.partly);
    expect(stdout).toMatch(/^listed +3$/m);
    expect(stdout).toMatch(/^invalid +2$/m);
    expect(stderr).toContain('players.csv: line 4: to.userId: expected a number');
    expect(stderr).toContain('players.csv: line 5: has 3 fields, the header has 2');
    expect(stderr).toContain('herald: see `herald campaign show spring`');
    expect(await recipientsIn(env)).toEqual([{ to: 31, data: { name: 'Ann' } }, 32, 34]);
  });

  it('reports to a program in JSON, and goes on where it was', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    const first = await start(env, operator, players(31, 32), '--json');
    expect([first.exitCode, JSON.parse(first.stdout)]).toEqual([
      EXIT.done,
      { campaign: 'spring', listed: 2, duplicate: 0, invalid: 0, stopped: null, invalid_lines: [] },
    ]);
    const again = await start(env, operator, players(31, 32), '--json');
    expect([again.exitCode, JSON.parse(again.stdout)]).toMatchObject([
      EXIT.done,
      { listed: 0, duplicate: 2 },
    ]);
  });

  it('says that there are no recipients, and ends with 1', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    for (const csv of ['', 'userId,name\n'])
      for (const more of [[], ['--dry-run']]) {
        const { exitCode, stderr } = await start(env, operator, csv, ...more);
        expect(exitCode).toBe(EXIT.partly);
        expect(stderr).toContain('herald: no recipients in standard input\n');
      }
  });

  it('names the line of what is wrong with the campaign, and stores nothing', async ({
    openEnvironment,
    operator,
  }) => {
    const env = await openEnvironment();
    const broken: [string, RegExp][] = [
      [SPRING.replace('priority: 5', 'priority: 11'), /spring\.yaml:6: priority: /],
      [SPRING.replace('{{ name }}', '{% name %}'), /spring\.yaml:3: content: \{% is not supported/],
      [SPRING.replace('kongregate', 'kongregat'), /spring\.yaml:2: platform: /],
      ['id: [spring\n', /spring\.yaml:\d: is not valid YAML/],
      ['spring\n', /spring\.yaml: /],
    ];
    for (const [text, problem] of broken) {
      const spec = await file(env, operator, 'spring.yaml', text);
      const argv = ['campaign', 'start', spec, '--to', '-'];
      const { exitCode, stderr } = await operator.run(env, argv, { stdin: players(31) });
      expect([exitCode, stderr]).toEqual([EXIT.usage, expect.stringMatching(problem)]);
    }
    expect(await env.redis.keys('herald:*:ledger*')).toEqual([]);
  });

  it('refuses a campaign of the same id with other content', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    await start(env, operator, players(31));
    const spec = await file(env, operator, 'other.yaml', SPRING.replace('Hello', 'Goodbye'));
    for (const more of [[], ['--dry-run']]) {
      const argv = ['campaign', 'start', spec, '--to', '-', ...more];
      const { exitCode, stderr } = await operator.run(env, argv, { stdin: players(32) });
      expect([exitCode, stderr]).toEqual([EXIT.usage, expect.stringContaining('exists with other content')]);
    }
  });

  it('takes a channel in place of the file’s own', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    const { exitCode, stderr } = await start(env, operator, players(31), '--channel', 'nobody');
    expect([exitCode, stderr]).toEqual([EXIT.usage, expect.stringContaining('Unknown channel "nobody"')]);
  });

  it('may be interrupted and run again', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    const stdin = new PassThrough();
    const { context, stdout, stderr, interrupt } = testContext({ stdin });
    const spec = await file(env, operator, 'spring.yaml', SPRING);
    const argv = ['campaign', 'start', spec, '--to', '-', '--json', '-c', await operator.config(env)];
    const ended = runCommandLine(argv, context, '1.2.3');
    const ids = Array.from({ length: 700 }, (_, i) => i + 1);
    stdin.write(players(...ids));
    await vi.waitUntil(async () => (await recipientsIn(env)).length === 500, { timeout: 60_000 });
    interrupt();
    expect(await ended).toBe(EXIT.partly);
    expect(JSON.parse(stdout())).toMatchObject({
      listed: 500,
      stopped: expect.stringContaining('interrupted'),
    });
    expect(stderr()).toContain('run it again to go on from there');
    expect(await operator.documents(env, ['campaign', 'show', 'spring'])).toMatchObject([
      { state: 'listing' },
    ]);
    const again = await start(env, operator, players(...ids), '--json');
    expect(JSON.parse(again.stdout)).toMatchObject({ listed: 200, duplicate: 500 });
    expect(await operator.documents(env, ['campaign', 'show', 'spring'])).toMatchObject([
      { state: 'running', listed: 700 },
    ]);
  });

  it('lists nobody by a part of a line when it is interrupted', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    const stdin = new PassThrough();
    const { context, stdout, interrupt } = testContext({ stdin });
    const spec = await file(env, operator, 'spring.yaml', SPRING);
    const argv = ['campaign', 'start', spec, '--to', '-', '--json', '-c', await operator.config(env)];
    const ended = runCommandLine(argv, context, '1.2.3');
    const ids = Array.from({ length: 999 }, (_, i) => 100_001 + i);
    // The thousandth, which would fill its batch, is the beginning of 12345678.
    stdin.write(`${players(...ids)}123`);
    await vi.waitUntil(async () => (await recipientsIn(env)).length === 500, { timeout: 60_000 });
    interrupt();
    expect(await ended).toBe(EXIT.partly);
    expect(JSON.parse(stdout())).toMatchObject({ listed: 500, invalid: 0 });
    expect(await recipientsIn(env)).toEqual(ids.slice(0, 500));
  });

  it('lists but its own 500 again when a bad line is mended', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    const file = (fourth: string) =>
      `userId,name\n${Array.from({ length: 1200 }, (_, i) => (i === 3 ? fourth : `${i + 1},Ann`)).join('\n')}\n`;
    const first = await start(env, operator, file('4,"Ann'), '--json');
    expect(JSON.parse(first.stdout)).toMatchObject({
      ...{ listed: 1199, duplicate: 0, invalid: 1 },
      invalid_lines: [{ line: 5, error: 'misplaced quote' }],
    });
    expect(first.stderr.match(/line 5/g)).toHaveLength(1);
    const mended = await start(env, operator, file('4,Ann'), '--json');
    expect(JSON.parse(mended.stdout)).toMatchObject({ listed: 500, duplicate: 700, invalid: 0 });
  });

  it('refuses a campaign whose messages have expired', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    await start(env, operator, players(31));
    await env.redis.hset(channelStore(env.redis, CHANNEL).keys.campaign('spring'), 'expires', 1);
    const again = await start(env, operator, players(31, 32));
    expect([again.exitCode, again.stderr]).toEqual([
      EXIT.usage,
      expect.stringContaining('Campaign "spring" expired at 1970-01-01T00:00:00.001Z: choose another id'),
    ]);
  });

  it('ends with 3 when Redis is away', async ({ openEnvironment, operator }) => {
    const spec = await file(await openEnvironment(), operator, 'spring.yaml', SPRING);
    const env = { REDIS_URL: 'redis://127.0.0.1:1' };
    const argv = ['campaign', 'start', spec, '--to', '-'];
    expect((await herald(argv, { env, stdin: players(31) })).exitCode).toBe(EXIT.unreachable);
    expect((await herald([...argv, '--dry-run'], { env, stdin: players(31) })).exitCode).toBe(
      EXIT.unreachable,
    );
    expect((await herald(['campaign', 'list'], { env })).exitCode).toBe(EXIT.unreachable);
  });
});

describe.concurrent('campaign start --dry-run', () => {
  it('tells what would become of each recipient, and stores nothing', async ({
    openEnvironment,
    operator,
  }) => {
    const env = await openEnvironment({ channel: { rate: { max: 1, per: '1m' } } });
    const worker = await env.worker({ channel: { rate: false } });
    await env.send(41);
    await env.settled(1);
    await worker.close();
    const long = { recipient: '51', at: Date.now() - 30 * 86_400_000 };
    await recordPlays(channelStore(env.redis, CHANNEL), [long], 365 * 86_400_000);
    const before = await env.redis.keys('*');
    const csv = players(31, 32, 41, 51, 31, 0, 33);
    const { exitCode, stdout, stderr } = await start(env, operator, csv, '--dry-run', '--json');
    expect([exitCode, JSON.parse(stdout)]).toEqual([
      EXIT.partly,
      {
        ...{ dry_run: true, campaign: 'spring', channel: CHANNEL, existing: null },
        ...{ send: 3, ineligible: 1, quota: 1, busy: 0, known: 0, duplicate: 1, invalid: 1, stopped: null },
        invalid_lines: [{ line: 7, error: expect.stringContaining('to.userId') }],
      },
    ]);
    expect(stderr).toContain('dry run: nothing was stored');
    const added = (await env.redis.keys('*')).filter((key) => !before.includes(key));
    expect(added).toEqual([]);
    const { stdout: text } = await start(env, operator, csv, '--dry-run');
    expect(text).toMatch(/^would be sent +3$/m);
    expect(text).toMatch(/^had a message of this window: dropped +1$/m);
  });

  it('counts somebody who is named twice once, however far apart', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    const ids = Array.from({ length: 1200 }, (_, i) => (i % 700) + 1);
    const { stdout } = await start(env, operator, players(...ids), '--dry-run', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ send: 700, duplicate: 500 });
  });

  it('says that the campaign was started before', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    await start(env, operator, players(31, 32));
    const { stdout, stderr } = await start(env, operator, players(31, 32, 33), '--dry-run', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ send: 3, existing: 'running' });
    expect(stderr).toContain('campaign spring was started before: running, 2 listed');
  });
});

describe.concurrent('a campaign that is delivered', () => {
  it('is shown as done, and its recipients are known to a dry run', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    await start(env, operator, players(31, 41, 51));
    const argv = ['cancel', '--campaign', 'spring', '--to', '{"userId":41}', '--json'];
    const [cancelled] = await operator.documents(env, argv);
    expect(cancelled).toMatchObject({ channel: CHANNEL, status: 'cancelled', campaign: 'spring' });
    const known = async () =>
      JSON.parse((await start(env, operator, players(31, 41, 51), '--dry-run', '--json')).stdout);
    expect(await known()).toMatchObject({ send: 2, known: 1 });
    await env.worker();
    expect(await env.settled(3)).toEqual({ 'delivered/sent': 2, 'suppressed/cancelled': 1 });
    const { stdout } = await operator.run(env, ['campaign', 'show', 'spring']);
    expect(stdout).toMatch(/^spring in channel kongregate: done\n█{30} 100% of 3\n/);
    expect(stdout).toMatch(/^delivered \(sent\) +2$/m);
    expect(stdout).toMatch(/^suppressed \(cancelled\) +1$/m);
    const [document] = await operator.documents(env, ['campaign', 'show', 'spring']);
    expect(document).toMatchObject({ state: 'done', ended: 3, waiting: 0, under_way: 0, eta: null });
    expect(await known()).toMatchObject({ send: 0, known: 3, existing: 'done' });
    const receipts = await env.receipts();
    expect(receipts.map(({ campaign }) => campaign)).toEqual(['spring', 'spring', 'spring']);
  });

  it('gives each recipient the values of its line, or those of the campaign', async ({
    openEnvironment,
    operator,
  }) => {
    const env = await openEnvironment();
    await start(env, operator, 'userId,name\n31,Ann\n41,\n');
    await env.worker();
    await env.settled(2);
    const texts = env.sandbox.journal.calls().map(({ recipient, content }) => `${recipient}: ${content}`);
    expect(texts.sort()).toEqual(['31: Hello *Ann*', '41: Hello *you*']);
  });
});

describe.concurrent('campaign list and show', () => {
  it('show how far campaigns are', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    expect((await operator.run(env, ['campaign', 'list'])).stdout).toBe('no campaigns\n');
    await start(env, operator, players(31, 32, 33));
    expect((await operator.run(env, ['campaign', 'list'])).stdout).toMatch(
      /^kongregate +spring +running +0% +3 +3 +0 +0 +-$/m,
    );
    expect(await operator.documents(env, ['campaign', 'list'])).toMatchObject([
      { channel: CHANNEL, id: 'spring', state: 'running', listed: 3, waiting: 3, under_way: 0, eta: null },
    ]);
    const { exitCode, stdout } = await operator.run(env, ['campaign', 'show', 'spring']);
    expect(exitCode).toBe(EXIT.done);
    expect(stdout).toMatch(/^spring in channel kongregate: running\n░{30} 0% of 3\n/);
    expect(stdout).toMatch(/^waiting +3$/m);
    expect(stdout).toMatch(/^0 a minute$/m);
    expect(stdout).not.toContain('Hello');
  });

  it('say when one is not known', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    for (const command of ['show', 'pause', 'resume', 'cancel']) {
      const { exitCode, stderr } = await operator.run(env, ['campaign', command, 'summer']);
      expect([exitCode, stderr]).toEqual([
        EXIT.partly,
        expect.stringContaining('no campaign "summer" in any channel'),
      ]);
    }
  });

  it('are in the status of the channel while they are not over', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    await start(env, operator, players(31, 32));
    const { stdout } = await operator.run(env, ['status']);
    expect(stdout).toMatch(/^kongregate has campaign spring: running, 0% of 2$/m);
    expect(await operator.documents(env, ['status'])).toMatchObject([
      { campaigns: [{ id: 'spring', waiting: 2 }] },
    ]);
    await operator.run(env, ['campaign', 'cancel', 'spring', '--yes']);
    expect(await operator.documents(env, ['status'])).toMatchObject([{ campaigns: [] }]);
  });
});

describe.concurrent('campaign pause, resume and cancel', () => {
  it('leave a campaign that is done as it is, and say so', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    await start(env, operator, players(31));
    await env.worker();
    await env.settled(1);
    for (const operation of ['pause', 'resume']) {
      const { exitCode, stdout } = await operator.run(env, ['campaign', operation, 'spring']);
      expect([exitCode, stdout]).toEqual([EXIT.partly, 'spring in channel kongregate: done\n']);
    }
    expect(await env.redis.hget(channelKeys(CHANNEL).campaign('spring'), 'state')).toBe('running');
  });

  it('change the state of a campaign, and a cancelled one stays so', async ({
    openEnvironment,
    operator,
  }) => {
    const env = await openEnvironment();
    await start(env, operator, players(31, 32));
    const control = async (...argv: string[]) => {
      const { exitCode, stdout } = await operator.run(env, ['campaign', ...argv]);
      return [exitCode, stdout.trim()];
    };
    expect(await control('pause', 'spring')).toEqual([EXIT.done, 'spring in channel kongregate: paused']);
    expect(await operator.documents(env, ['campaign', 'show', 'spring'])).toMatchObject([
      { state: 'paused', eta: null },
    ]);
    expect(await control('resume', 'spring')).toEqual([EXIT.done, 'spring in channel kongregate: running']);
    expect(await control('cancel', 'spring')).toEqual([
      EXIT.done,
      expect.stringMatching(/: 2 waiting and 0 under way would be cancelled, .*; use --yes to cancel it\.$/),
    ]);
    expect(await operator.documents(env, ['campaign', 'show', 'spring'])).toMatchObject([
      { state: 'running' },
    ]);
    expect(await control('cancel', 'spring', '--yes')).toEqual([
      EXIT.done,
      'spring in channel kongregate: cancelled',
    ]);
    expect(await control('resume', 'spring')).toEqual([
      EXIT.partly,
      'spring in channel kongregate: cancelled',
    ]);
    const { exitCode, stderr } = await start(env, operator, players(33));
    expect([exitCode, stderr]).toEqual([EXIT.usage, expect.stringContaining('was cancelled')]);
  });
});
