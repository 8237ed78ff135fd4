import { describe, expect } from 'vitest';
import { EXIT } from '../../../src/cli/context.ts';
import { eventually } from '../../../testing/eventually.ts';
import { bury, welcome } from '../../admin/admin-fixture.ts';
import { CHANNEL } from '../../support/environment.ts';
import { it } from '../operator-fixture.ts';
import { herald } from '../test-context.ts';

describe.concurrent('explain', () => {
  it('tells of a message that waits, by its id and by its job’s', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    await env.send(11, { id: 'first', content: 'a private word' });
    const { exitCode, stdout } = await operator.run(env, ['explain', 'first']);
    expect(exitCode).toBe(EXIT.done);
    expect(stdout).toMatch(/^first in channel kongregate$/m);
    expect(stdout).toContain(
      'It waits: no worker of channel kongregate is alive, start `herald worker`; then it is sent.',
    );
    expect(stdout).toMatch(/^\S+Z +\S+ ago +it was enqueued$/m);
    expect(stdout).toMatch(/^\S+Z +now +its job is waiting, picked up 0 times so far; no attempt yet$/m);
    expect(stdout).toMatch(/^\S+Z +in \S+ +it expires: /m);
    expect(stdout).not.toContain('private');
    const details = await operator.run(env, ['explain', 'first', '--details']);
    expect(details.stdout).toMatch(/^ +state +enlisted$/m);
    expect(details.stdout).not.toContain('private');
    const [named] = await operator.documents(env, ['explain', 'first']);
    expect(named).toMatchObject({
      job: { state: 'waiting' },
      record: { state: 'enlisted', run: 1, attempts: 0 },
      receipts: [],
      message: { to: { userId: 11 } },
    });
    const { id: jobId } = named!['job'] as { id: string };
    expect(await operator.documents(env, ['explain', jobId])).toMatchObject([{ id: 'first' }]);
  });

  it('tells of a delivered message after its job is gone', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    await env.worker();
    await env.send(11, { id: 'done' });
    await env.settled(1);
    const [done] = await operator.documents(env, ['explain', 'done', '--channel', CHANNEL]);
    expect(done).toMatchObject({
      job: null,
      record: { state: 'delivered', reason: 'sent', run: 1, attempts: 1 },
      receipts: [{ state: 'delivered', run: 1 }],
      next: expect.stringMatching(/^It was delivered \(sent\) at .*Z; nothing more happens\.$/),
    });
  });

  it('still knows by its receipts a message that the ledger has forgotten', async ({
    openEnvironment,
    operator,
  }) => {
    const env = await openEnvironment();
    await env.worker();
    await env.send(11, { id: 'old' });
    await env.settled(1);
    await env.redis.del(...(await env.redis.keys('herald:{kongregate}:ledger:m*')));
    const [old] = await operator.documents(env, ['explain', 'old']);
    expect(old).toMatchObject({ record: null, next: expect.stringMatching(/^It was delivered \(sent\)/) });
  });

  it('tells of a dead letter how to replay it, and of the replayed one both runs', async ({
    openEnvironment,
    operator,
  }) => {
    const env = await openEnvironment();
    const worker = await env.worker();
    await bury(env, [10]);
    const [dead] = await operator.documents(env, ['explain', 'to-10']);
    expect(dead).toMatchObject({
      job: null,
      letter: { reason: 'bad_recipient', run: 1, attempts: 1 },
      record: { state: 'dead', reason: 'bad_recipient' },
      next: expect.stringContaining(
        'is kept as a dead letter; `herald dead replay to-10 --yes` tries again.',
      ),
    });
    welcome(env, [10]);
    await worker.close();
    await operator.run(env, ['dead', 'replay', '--yes']);
    const [replayed] = await operator.documents(env, ['explain', 'to-10']);
    expect(replayed).toMatchObject({
      job: { state: 'waiting' },
      record: { state: 'enlisted', run: 2, attempts: 0 },
    });
    await env.worker();
    await env.settled(2);
    const [delivered] = await operator.documents(env, ['explain', 'to-10']);
    expect(delivered!['receipts']).toMatchObject([
      { run: 1, state: 'dead' },
      { run: 2, state: 'delivered' },
    ]);
    expect(delivered!['timeline']).toEqual([
      {
        at: expect.stringMatching(/Z$/),
        event: 'run_ended',
        text: expect.stringContaining('(bad_recipient)'),
      },
      {
        ...{ at: expect.stringMatching(/Z$/), event: 'run_ended' },
        text: expect.stringMatching(/^its replay, run 2, was delivered after 1 attempt: /),
      },
    ]);
  });

  it('names the message that has the player’s slot', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    await env.worker();
    await env.send(11, { id: 'winner' });
    await env.settled(1);
    const expiresAt = new Date(Date.now() + 800 * 86_400_000).toISOString();
    await env.send(11, { id: 'patient', onQuota: 'defer', expiresAt });
    const look = () => operator.documents(env, ['explain', 'patient']);
    const delayed = ([seen]: Record<string, unknown>[]): boolean =>
      (seen?.['job'] as { state?: string } | undefined)?.state === 'delayed';
    const [patient] = await eventually('a deferral', look, delayed);
    expect(patient).toMatchObject({
      slot: { state: 'sent', own: false, owner_id: 'winner' },
      next: expect.stringMatching(
        /^It waits until \d{4}-\S+Z for the player's slot, used by message winner until \S+Z; then it is sent\.$/,
      ),
    });
  });

  it('tells of a stop, of a refused player and of a schedule', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    const worker = await env.worker();
    await env.send(17, { id: 'refused' });
    await env.settled(1);
    await worker.close();
    await env.send(17, { id: 'next' });
    const next = async (id: string): Promise<unknown> =>
      (await operator.documents(env, ['explain', id]))[0]?.['next'];
    expect(await next('next')).toMatch(
      /then it is suppressed \(ineligible\) unless a play is recorded before\.$/,
    );
    const sendAt = new Date(Date.now() + 3_600_000).toISOString();
    await env.send(12, { id: 'later', sendAt });
    expect(await next('later')).toBe(`It waits until its sendAt, ${sendAt}; then it is sent.`);
    await operator.run(env, ['channel', 'pause', CHANNEL]);
    expect(await next('later')).toMatch(
      /^It waits: channel kongregate is stopped \(paused\) since .*; then it is sent\.$/,
    );
  });

  it('predicts by what admission goes by: a play that is too old, also where only workers know the channel', async ({
    openEnvironment,
    operator,
    expect,
  }) => {
    const env = await openEnvironment();
    const worker = await env.worker();
    await worker.close();
    const at = new Date(Date.now() - 20 * 86_400_000);
    await env.producer.recordPlay({ channel: CHANNEL, to: { userId: 11 }, at });
    await env.send(11, { id: 'lapsed' });
    const soon = new Date(Date.now() + 86_400_000).toISOString();
    const recently = new Date(Date.now() - 13.5 * 86_400_000).toISOString();
    await env.send(12, { id: 'lapses', sendAt: soon, lastPlayedAt: recently });
    for (const id of ['lapsed', 'lapses']) {
      const [seen] = await operator.documents(env, ['explain', id]);
      expect(seen).toMatchObject({
        predicted: { verdict: 'ineligible', final: { state: 'suppressed', reason: 'ineligible' } },
        next: expect.stringMatching(
          /; then it is suppressed \(ineligible\) unless a play is recorded before\.$/,
        ),
      });
    }
    const { stdout } = await herald(['explain', 'lapsed', '--json'], {
      env: { REDIS_URL: env.server.url },
    });
    expect(stdout).toContain('"verdict":"ineligible"');
    await env.worker();
    await env.send(11, { id: 'late' });
    await eventually(
      'the verdict',
      () => env.receipts(),
      (receipts) => receipts.length === 2,
    );
    expect(await env.receipts()).toMatchObject([{ reason: 'ineligible' }, { reason: 'ineligible' }]);
  });

  it('predicts the end of a message that another one went ahead of', async ({
    openEnvironment,
    operator,
  }) => {
    const env = await openEnvironment();
    const worker = await env.worker();
    await env.send(11, { id: 'winner' });
    await env.settled(1);
    await worker.close();
    await env.send(11, { id: 'loser' });
    const [loser] = await operator.documents(env, ['explain', 'loser']);
    expect(loser).toMatchObject({ next: expect.stringMatching(/then it is suppressed \(quota\)\.$/) });
  });

  it('finds a message of a newer version by its id', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    const message = {
      v: 2,
      id: 'from-afar',
      platform: CHANNEL,
      to: { userId: 11 },
      content: 'private words',
    };
    await env.addForeign(message);
    const [newer] = await operator.documents(env, ['explain', 'from-afar']);
    expect(newer).toMatchObject({
      job: { newer_version: 2 },
      next: expect.stringMatching(/; then a worker that supports version 2 decides\.$/),
    });
    expect(JSON.stringify(newer)).not.toContain('private');
  });

  it('tells of a job that nobody can read', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    await env.worker();
    const jobId = await env.addForeign({ v: 1, platform: 'kongregate', content: 'a private word' });
    await env.settled(1);
    const [odd] = await operator.documents(env, ['explain', jobId]);
    expect(odd).toMatchObject({ message: null, record: { state: 'dead', reason: 'invalid_message' } });
    expect(JSON.stringify(odd)).not.toContain('private');
  });

  it('tells of a job of no instant, before and after its end', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    const jobId = await env.addForeign('garbage', { timestamp: 1.8e18, delay: 3_600_000 });
    await env.redis.zadd(env.queue.toKey('delayed'), '4e21', jobId);
    expect(await operator.documents(env, ['explain', jobId])).toMatchObject([
      { job: { enqueued_at: null, due_at: '+275760-09-13T00:00:00.000Z' } },
    ]);
    expect((await operator.run(env, ['explain', jobId])).exitCode).toBe(EXIT.done);
    await env.redis.zadd(env.queue.toKey('delayed'), 0, jobId);
    await env.worker();
    await env.settled(1);
    expect(await operator.documents(env, ['explain', jobId])).toMatchObject([
      { letter: { enqueued_at: null }, record: { state: 'dead', reason: 'invalid_message' } },
    ]);
    const { exitCode, stdout } = await operator.run(env, ['explain', jobId]);
    expect([exitCode, stdout]).toEqual([EXIT.done, expect.stringContaining('died')]);
  });

  it.for(['nobody', 'meta', 'wait', 'ledger:channel', ''])(
    'does not know %j',
    async (id, { openEnvironment, operator, expect }) => {
      const env = await openEnvironment();
      await env.send(11);
      const { exitCode, stdout, stderr } = await operator.run(env, ['explain', id]);
      expect([exitCode, stdout, stderr]).toEqual([
        EXIT.partly,
        '',
        expect.stringContaining('is not known in any channel'),
      ]);
    },
  );
});

describe.concurrent('explain --to', () => {
  const TO = JSON.stringify({ userId: 11 });

  it('tells what waits for a player, how they stand, and what becomes of a message now', async ({
    openEnvironment,
    operator,
  }) => {
    const env = await openEnvironment({ channel: { discloseRecipients: true } });
    await env.worker();
    await env.send(11, { id: 'winner' });
    await env.settled(1);
    const expiresAt = new Date(Date.now() + 800 * 86_400_000).toISOString();
    await env.send(11, { id: 'patient', onQuota: 'defer', expiresAt });
    await env.send(12, { id: 'somebody-else' });
    const look = () => operator.documents(env, ['explain', '--to', TO]);
    const [found] = await eventually(
      'a deferral',
      look,
      ([seen]) => (seen?.['waiting'] as unknown[] | undefined)?.length === 1,
    );
    expect(found).toMatchObject({
      channel: CHANNEL,
      to: { userId: 11 },
      slot: { state: 'sent', owner_id: 'winner' },
      predicted: { verdict: 'quota' },
      next: 'For a new message: it is suppressed (quota).',
      waiting: [{ id: 'patient', state: 'delayed', due_at: expect.stringMatching(/Z$/) }],
      receipts: [{ id: 'winner', state: 'delivered', to: { userId: 11 } }],
    });
    const { stdout } = await operator.run(env, ['explain', '--to', TO, '--channel', CHANNEL]);
    expect(stdout).toMatch(/^\{"userId":11\} in channel kongregate$/m);
    expect(stdout).toMatch(/^waiting +patient +delayed until /m);
    expect(stdout).toMatch(/^receipt +winner +run 1: delivered \(sent\)/m);
  });

  it('knows a player of whom nothing is known, and names whom the platform has not', async ({
    openEnvironment,
    operator,
  }) => {
    const env = await openEnvironment();
    await env.worker();
    const [stranger] = await operator.documents(env, ['explain', '--to', TO]);
    expect(stranger).toMatchObject({
      slot: null,
      play: null,
      waiting: [],
      next: 'For a new message: it is sent.',
    });
    const wrong = await operator.run(env, ['explain', '--to', '{"userId":"x"}']);
    expect([wrong.exitCode, wrong.stderr]).toEqual([
      EXIT.usage,
      'herald: explain: --to: to.userId: expected a number, got "x"\n',
    ]);
    for (const argv of [['explain'], ['explain', 'x', '--to', TO], ['explain', '--to', 'x']])
      expect((await operator.run(env, argv)).exitCode).toBe(EXIT.usage);
  });
});

describe.concurrent('a channel that discloses its recipients', () => {
  it.for([true, false])(
    'names them in receipts and log lines: %s',
    async (discloseRecipients, { openEnvironment, expect }) => {
      const env = await openEnvironment({ channel: { discloseRecipients } });
      const worker = await env.worker();
      await env.send(11);
      await env.send(17);
      await env.settled(2);
      const to = (await env.receipts()).map((receipt) => receipt.to);
      const named = discloseRecipients ? [{ userId: 11 }, { userId: 17 }] : [undefined, undefined];
      expect(to).toHaveLength(2);
      expect(to).toEqual(expect.arrayContaining(named));
      expect(worker.log().includes('"to":{"userId":11}')).toBe(discloseRecipients);
    },
  );
});
