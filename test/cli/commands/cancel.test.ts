import { describe, expect } from 'vitest';
import { EXIT } from '../../../src/cli/context.ts';
import { CHANNEL } from '../../support/environment.ts';
import { it } from '../operator-fixture.ts';
import { herald } from '../test-context.ts';

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

  it('names the channels that it knows where one is unknown', async ({ openEnvironment, operator }) => {
    const argv = ['cancel', 'one', '--channel', 'kongregat'];
    const { exitCode, stderr } = await operator.run(await openEnvironment(), argv);
    expect([exitCode, stderr]).toEqual([EXIT.usage, expect.stringContaining('Known: kongregate.')]);
  });

  it('ends with 3 when Redis is away', async ({ expect }) => {
    const env = { REDIS_URL: 'redis://127.0.0.1:1' };
    expect((await herald(['cancel', 'one'], { env })).exitCode).toBe(EXIT.unreachable);
  });
});
