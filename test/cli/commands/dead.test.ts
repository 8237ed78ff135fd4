import { Writable } from 'node:stream';
import { describe, expect } from 'vitest';
import { EXIT } from '../../../src/cli/context.ts';
import { runCommandLine } from '../../../src/cli/program.ts';
import { systemClock } from '../../../src/clock.ts';
import { openFaultyProxy } from '../../../testing/faulty-proxy.ts';
import { bury, welcome } from '../../admin/admin-fixture.ts';
import { CHANNEL, type Environment } from '../../support/environment.ts';
import { it } from '../operator-fixture.ts';
import { herald, testContext } from '../test-context.ts';

async function buried(env: Environment): Promise<string[]> {
  await env.worker();
  return await bury(env, [10, 20, 30]);
}

describe.concurrent('dead list', () => {
  it('shows letters newest last, with what killed them', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    const ids = await buried(env);
    const { exitCode, stdout } = await operator.run(env, ['dead', 'list']);
    expect(exitCode).toBe(EXIT.done);
    const [head, ...rows] = stdout.trim().split('\n');
    expect(head).toMatch(/^channel +id +reason +detail +run +attempts +died at +age$/);
    expect(rows.map((row) => row.split(/ {2,}/)[1])).toEqual(ids);
    expect(rows[0]).toMatch(/^kongregate +to-10 +bad_recipient +\S.* +1 +1 +\d{4}-\d\d-\d\dT.*Z +\d+(ms|s)$/);
  });

  it('narrows, limits to the newest and tells how many there are', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    await buried(env);
    const limited = await operator.run(env, ['dead', 'list', '--limit', '1', '--json']);
    expect(JSON.parse(limited.stdout)).toMatchObject({
      id: 'to-30',
      run: 1,
      attempts: 1,
      reason: 'bad_recipient',
    });
    expect(limited.stderr).toContain('the newest 1 of 3');
    expect(await operator.documents(env, ['dead', 'list', 'to-20'])).toMatchObject([{ id: 'to-20' }]);
    expect(await operator.documents(env, ['dead', 'list', '--reason', 'exhausted'])).toEqual([]);
    expect(await operator.documents(env, ['dead', 'list', '--until', '1h'])).toEqual([]);
    expect(await operator.documents(env, ['dead', 'list', '--since', '1h'])).toHaveLength(3);
  });

  it('counts them by what killed them, with an example', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    await buried(env);
    const { stdout } = await operator.run(env, ['dead', 'list', '--group']);
    expect(stdout).toMatch(
      /^channel +reason +detail +dead letters +oldest +newest +example\nkongregate +bad_recipient +\S.* +3 +\S+Z +\S+Z +to-30\n$/,
    );
    expect(await operator.documents(env, ['dead', 'list', '--group'])).toEqual([
      {
        ...{ channel: CHANNEL, reason: 'bad_recipient', detail: expect.any(String), letters: 3 },
        ...{ oldest: expect.stringMatching(/Z$/), newest: expect.stringMatching(/Z$/), example_id: 'to-30' },
      },
    ]);
    await env.addForeign('garbage');
    await env.settled(4);
    const { stderr } = await operator.run(env, ['dead', 'list', '--group', '--limit', '1']);
    expect(stderr).toContain('the largest 1 of 2 groups, 3 of 4 dead letters');
    expect((await operator.run(env, ['dead', 'list', '--group', '--since', '0s'])).stdout).toBe(
      'no dead letters\n',
    );
  });

  it('narrows by the text of a group, as replay and purge do', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    await buried(env);
    await env.addForeign('garbage');
    await env.settled(4);
    const groups = await operator.documents(env, ['dead', 'list', '--group', '--reason', 'invalid_message']);
    const narrow = ['--detail', String(groups[0]!['detail'])];
    expect(await operator.documents(env, ['dead', 'list', ...narrow])).toMatchObject([
      { reason: 'invalid_message' },
    ]);
    expect(await operator.documents(env, ['dead', 'replay', ...narrow])).toMatchObject([
      { dry_run: true, letters: 1, groups: [{ reason: 'invalid_message', letters: 1 }] },
    ]);
    const [purged] = await operator.documents(env, ['dead', 'purge', ...narrow, '--yes']);
    expect(purged).toMatchObject({ purged: 1 });
    expect(await operator.documents(env, ['dead', 'list'])).toHaveLength(3);
  });

  it('narrows by campaign, as replay and purge do', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    await buried(env);
    const list = [{ to: { userId: 80 } }, { to: { userId: 90 } }];
    await env.producer.campaign({ id: 'spring', platform: 'kongregate', content: 'Hello' }, list);
    await env.settled(5);
    const narrow = ['--campaign', 'spring'];
    expect(await operator.documents(env, ['dead', 'list', ...narrow])).toHaveLength(2);
    expect(await operator.documents(env, ['dead', 'list', '--campaign', 'autumn'])).toEqual([]);
    const [replayed] = await operator.documents(env, ['dead', 'replay', ...narrow, '--yes']);
    expect(replayed).toMatchObject({ replayed: 2 });
    // Both die again, and are still of the campaign.
    await env.settled(7);
    const [purged] = await operator.documents(env, ['dead', 'purge', ...narrow, '--yes']);
    expect(purged).toMatchObject({ purged: 2 });
    expect(await operator.documents(env, ['dead', 'list'])).toHaveLength(3);
  });

  it.for([
    [['--reason', 'boredom'], /expected one of invalid_message, /],
    [['--since', 'yesterday'], /expected an instant/],
    [['--limit', '0'], /whole number/],
    [['--channel', 'elsewhere'], /Unknown channel "elsewhere".*Known: kongregate/],
  ] as const)('refuses %j', async ([argv, why], { openEnvironment, operator, expect }) => {
    const { exitCode, stderr } = await operator.run(await openEnvironment(), ['dead', 'list', ...argv]);
    expect([exitCode, stderr]).toEqual([EXIT.usage, expect.stringMatching(why)]);
  });

  it('ends with 3 when Redis is away', async ({ expect }) => {
    const { exitCode, stderr } = await herald(['dead', 'list'], {
      env: { REDIS_URL: 'redis://127.0.0.1:1' },
    });
    expect([exitCode, stderr]).toEqual([
      EXIT.unreachable,
      expect.stringMatching(/^herald: Redis at .* did not answer/),
    ]);
  });
});

describe.concurrent('dead show', () => {
  it('shows all of a letter but its content, unless that is asked for', async ({
    openEnvironment,
    operator,
  }) => {
    const env = await openEnvironment();
    await env.worker();
    await env.send(10, { id: 'secretive', content: 'a private word', meta: { campaign: 'autumn' } });
    await env.settled(1);
    const plain = await operator.run(env, ['dead', 'show', 'secretive']);
    expect(plain.exitCode).toBe(EXIT.done);
    expect(plain.stdout).toContain('"campaign":"autumn"');
    expect(plain.stdout).toMatch(/reason +bad_recipient/);
    expect(plain.stdout).not.toContain('private');
    const [opened] = await operator.documents(env, ['dead', 'show', 'secretive', '--content']);
    expect(opened).toMatchObject({
      message: { to: { userId: 10 }, platform: 'kongregate' },
      content: { content: 'a private word' },
    });
    expect(await operator.documents(env, ['dead', 'show', String(opened!['job_id'])])).toMatchObject([
      { id: 'secretive' },
    ]);
  });

  it('shows what could not be read only with --content', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    await env.worker();
    const jobId = await env.addForeign('\u001b[31m private garbage');
    await env.settled(1);
    const plain = await operator.run(env, ['dead', 'show', jobId]);
    expect([plain.exitCode, plain.stdout]).toEqual([EXIT.done, expect.not.stringContaining('private')]);
    const open = await operator.run(env, ['dead', 'show', jobId, '--content']);
    expect(open.stdout).toContain('private garbage');
    expect(open.stdout).not.toContain('\u001b');
  });

  it('shows one whose job was enqueued at no instant, alone and among others', async ({
    openEnvironment,
    operator,
  }) => {
    const env = await openEnvironment();
    await env.worker();
    const odd = await env.addForeign({ v: 1 }, { timestamp: 1.78e16 });
    await env.settled(1);
    const [shown] = await operator.documents(env, ['dead', 'show', odd]);
    expect(shown).toMatchObject({ job_id: odd, reason: 'invalid_message', enqueued_at: null });
    expect((await operator.run(env, ['dead', 'show', odd])).exitCode).toBe(EXIT.done);
    await env.addForeign('garbage');
    await env.settled(2);
    expect(await operator.documents(env, ['dead', 'list'])).toMatchObject([
      { job_id: odd, enqueued_at: null },
      { enqueued_at: expect.stringMatching(/Z$/) },
    ]);
  });

  it('says so where there is none', async ({ openEnvironment, operator }) => {
    const { exitCode, stderr } = await operator.run(await openEnvironment(), ['dead', 'show', 'nobody']);
    expect([exitCode, stderr]).toEqual([EXIT.partly, 'herald: no dead letter "nobody"\n']);
  });
});

describe.concurrent('dead replay', () => {
  it('without --yes prints the plan and changes nothing', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    await buried(env);
    const { exitCode, stdout } = await operator.run(env, ['dead', 'replay']);
    expect(exitCode).toBe(EXIT.done);
    expect(stdout).toMatch(/kongregate +bad_recipient +3 +\d{4}-\S+ +\d{4}-\S+/);
    expect(stdout).toMatch(/^channel +dead letters +would be +until\nkongregate +3 +sent +-$/m);
    expect(stdout).toContain('3 would be replayed, oldest first; use --yes to replay them.');
    expect(await env.letters()).toHaveLength(3);
    expect(env.sandbox.journal.report().calls).toBe(3);
  });

  it('tells what would become of each, and how long it would take', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    const worker = await env.worker();
    await bury(env, [10, 20, 30]);
    await env.addForeign('garbage');
    await env.settled(4);
    await worker.close();
    const { stdout, stderr } = await operator.run(env, ['dead', 'replay', '--each', '--rate', '2/s']);
    expect(stdout).toMatch(/^kongregate +to-10 +bad_recipient +sent +-$/m);
    expect(stdout).toMatch(/^kongregate +\d+ +invalid_message +dead again: invalid_message +-$/m);
    expect(stdout).toContain('4 would be replayed, oldest first, in about 2s; use --yes');
    expect(stderr).toContain('kongregate has no worker alive: nothing is sent until one is started.');
    const documents = await operator.documents(env, ['dead', 'replay', '--each', '--rate', '2/s']);
    expect(documents).toHaveLength(5);
    expect(documents[0]).toMatchObject({
      channel: CHANNEL,
      id: 'to-10',
      fate: 'send',
      final: null,
      until: null,
    });
    expect(documents[4]).toMatchObject({
      ...{ dry_run: true, letters: 4, seconds: 2, interrupted: false },
      outlook: [
        { channel: CHANNEL, fate: 'send', letters: 3, final: null, until: null },
        { channel: CHANNEL, fate: 'dies', letters: 1, final: { state: 'dead', reason: 'invalid_message' } },
      ],
    });
  });

  it('with --yes replays, and they are delivered', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    await buried(env);
    welcome(env, [10, 20, 30]);
    const [report] = await operator.documents(env, ['dead', 'replay', '--yes', '--rate', '100/s']);
    expect(report).toMatchObject({ dry_run: false, replayed: 3, failed: 0, interrupted: false, letters: 3 });
    expect(await env.settled(6)).toEqual({ 'dead/bad_recipient': 3, 'delivered/sent': 3 });
    const again = await operator.run(env, ['dead', 'replay']);
    expect([again.exitCode, again.stdout]).toEqual([EXIT.done, 'nothing to replay\n']);
  });

  it('tells of ids that it does not know, and ends with 1', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    await buried(env);
    const { exitCode, stdout, stderr } = await operator.run(env, [
      'dead',
      'replay',
      'to-10',
      'nobody',
      '--yes',
    ]);
    expect([exitCode, stderr]).toEqual([EXIT.partly, 'herald: no dead letter "nobody"\n']);
    expect(stdout).toMatch(/^replayed +1$/m);
  });

  it('says which named ones it leaves out and why, and ends with 1', async ({
    openEnvironment,
    operator,
  }) => {
    const env = await openEnvironment({ channel: { onUnknown: 'keep' } });
    await env.worker();
    await bury(env, [10]);
    env.sandbox.faults.add({ kind: 'reset', accepted: true });
    await env.send(11, { id: 'to-11' });
    await env.settled(2);
    for (const yes of [[], ['--yes']]) {
      const doubted = await operator.run(env, ['dead', 'replay', 'to-11', ...yes]);
      expect(doubted.exitCode).toBe(EXIT.partly);
      expect(doubted.stderr).toContain(
        'herald: left out "to-11": unconfirmed, it may have arrived: only --reason unconfirmed includes it\n',
      );
    }
    for (const command of ['replay', 'purge']) {
      const filtered = await operator.run(env, ['dead', command, 'to-10', '--reason', 'exhausted']);
      expect(filtered.exitCode).toBe(EXIT.partly);
      expect(filtered.stderr).toMatch(
        /^herald: left out "to-10": bad_recipient, died at \S+Z in channel kongregate: not what the options select\n$/,
      );
    }
    const [plan] = await operator.documents(env, ['dead', 'replay', 'to-11', 'to-10']);
    expect(plan).toMatchObject({
      ...{ letters: 1, left_out: { unconfirmed: 1 }, unknown_ids: [] },
      left_out_ids: [{ id: 'to-11', channel: CHANNEL, reason: 'unconfirmed' }],
    });
  });

  it('warns of letters that may have arrived and of those that nobody could read', async ({
    openEnvironment,
    operator,
  }) => {
    const env = await openEnvironment({ channel: { onUnknown: 'keep' } });
    await env.worker();
    env.sandbox.faults.add({ kind: 'reset', accepted: true });
    await env.send(11);
    await env.addForeign('garbage');
    await env.settled(2);
    const plain = await operator.run(env, ['dead', 'replay']);
    expect(plain.stderr).toMatch(/1 unconfirmed left out.*the reason unconfirmed/);
    expect(plain.stderr).toMatch(/messages dead as invalid_message die again unless/);
    expect(plain.stdout).not.toContain('unconfirmed');
    const asked = await operator.run(env, ['dead', 'replay', '--reason', 'unconfirmed']);
    expect(asked.stderr).toMatch(/may have arrived: their recipients may get them twice/);
    expect(asked.stdout).toContain('1 would be replayed');
  });

  it('can be interrupted, with a bar at a terminal, and says how to go on', async ({
    openEnvironment,
    operator,
  }) => {
    const env = await openEnvironment();
    await buried(env);
    const { context, stdout, stderr, interrupt } = testContext({ terminal: true });
    const [{ detail } = {}] = await operator.documents(env, ['dead', 'list', '--limit', '1']);
    const narrow = ['--detail', String(detail)];
    const config = ['--config', await operator.config(env)];
    const argv = ['dead', 'replay', '--yes', ...narrow, '--rate', '1/h', ...config];
    const ended = runCommandLine(argv, context, '1.2.3');
    await env.settled(4); // the first one goes at once, and dies again
    interrupt();
    expect(await ended).toBe(EXIT.partly);
    expect(stdout()).toMatch(/^replayed +1$/m);
    expect(stderr()).toContain('1 dead letters');
    const [, command = ''] =
      /interrupted after 1 of 3; for the rest run (herald dead replay .*)/.exec(stderr()) ?? [];
    expect(command).toMatch(/ --detail '[^']+' --until \d{4}-\S+Z --rate 1\/h --config \S+ --yes$/);
    // The first one died again meanwhile: the rest is two.
    const others = command
      .replace(/ --detail '[^']+'/, '')
      .split(' ')
      .slice(1, -1);
    const planned = await herald([...others, ...narrow, '--json']);
    expect(JSON.parse(planned.stdout)).toMatchObject({ letters: 2, seconds: 7200 });
  });

  it.for(['50', '0/s', 'fast'])('refuses the rate %s', async (rate, { expect }) => {
    const { exitCode, stderr } = await herald(['dead', 'replay', '--rate', rate]);
    expect([exitCode, stderr]).toEqual([EXIT.usage, expect.stringContaining('expected a rate such as 50/s')]);
  });
});

describe.concurrent('dead purge', () => {
  it('deletes what the plan showed, and nothing without --yes', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    await buried(env);
    const plan = await operator.run(env, ['dead', 'purge', '--limit', '2']);
    expect(plan.stdout).toContain('2 would be deleted permanently');
    expect(await env.letters()).toHaveLength(3);
    const [report] = await operator.documents(env, ['dead', 'purge', '--limit', '2', '--yes']);
    expect(report).toMatchObject({ dry_run: false, purged: 2, replayed_meanwhile: 0 });
    expect((await operator.documents(env, ['dead', 'list'])).map(({ id }) => id)).toEqual(['to-30']);
    expect(await env.redis.keys(env.queue.toKey('m_*'))).toEqual([]);
    expect((await operator.run(env, ['dead', 'purge', 'to-10', '--yes'])).exitCode).toBe(EXIT.partly);
  });

  it('says how many it deleted when Redis goes away, and ends with 1', async ({
    openEnvironment,
    onTestFinished,
  }) => {
    const env = await openEnvironment();
    await buried(env);
    const proxy = await openFaultyProxy(env.server.port);
    onTestFinished(() => proxy.close());
    const { context } = testContext({ env: { REDIS_URL: `redis://127.0.0.1:${proxy.port}` } });
    let told = '';
    const stderr = new Writable({
      write(chunk, _encoding, done) {
        told += chunk;
        // The letters are deleted, and the purge is still to be recorded.
        if (told.includes('herald: 1 dead letters')) proxy.refuse();
        done();
      },
    });
    // Whatever is told of progress by the clock is told at once.
    let now = 0;
    const clock = { ...systemClock, monotonic: () => (now += 60_000) };
    const argv = ['dead', 'purge', '--yes'];
    const exitCode = await runCommandLine(argv, { ...context, stderr, clock }, '1.2.3');
    expect([exitCode, told]).toEqual([
      EXIT.partly,
      expect.stringContaining(
        'herald: lost the connection to Redis after 3 of 3 dead letters; run it again for the rest\n',
      ),
    ]);
    expect(await env.letters()).toEqual([]);
  });
});
