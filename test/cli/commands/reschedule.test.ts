import { describe, expect } from 'vitest';
import { EXIT } from '../../../src/cli/context.ts';
import { CHANNEL } from '../../support/environment.ts';
import { it } from '../operator-fixture.ts';
import { herald } from '../test-context.ts';

const HOUR_MS = 3_600_000;
const inHours = (hours: number): string => new Date(Date.now() + hours * HOUR_MS).toISOString();

describe.concurrent('reschedule', () => {
  it('puts a message off, which explain tells, and brings it forward', async ({
    openEnvironment,
    operator,
  }) => {
    const env = await openEnvironment();
    await env.send(11, { id: 'one', sendAt: inHours(2) });
    const later = inHours(5);
    const { exitCode, stdout } = await operator.run(env, ['reschedule', 'one', '--send-at', later]);
    expect([exitCode, stdout]).toEqual([EXIT.done, 'one in channel kongregate: rescheduled\n']);
    const [explained] = await operator.documents(env, ['explain', 'one']);
    expect(explained).toMatchObject({
      record: { state: 'enlisted', rescheduled_to: later },
      predicted: { at: later },
      next: expect.stringContaining(`It waits until ${later}, to which it was rescheduled; then it is `),
    });
    const at = inHours(-1);
    const argv = ['reschedule', 'one', '--send-at', at, '--channel', CHANNEL];
    expect(await operator.documents(env, argv)).toEqual([
      { id: 'one', channel: CHANNEL, status: 'rescheduled', send_at: at },
    ]);
    const worker = await env.worker();
    expect(await env.agreed(1, [worker])).toEqual({ 'delivered/sent': 1 });
    const late = await operator.run(env, ['reschedule', 'one', '--send-at', later]);
    expect([late.exitCode, late.stdout]).toEqual([EXIT.partly, expect.stringContaining('too late')]);
  });

  it('refuses an instant that is none, and one past the expiry', async ({ openEnvironment, operator }) => {
    const env = await openEnvironment();
    await env.send(11, { id: 'one', expiresAt: inHours(1) });
    for (const [instant, problem] of [
      ['soon', 'expected an instant such as'],
      [inHours(2), 'sendAt: must be earlier than the message expires'],
    ] as const) {
      const { exitCode, stderr } = await operator.run(env, ['reschedule', 'one', '--send-at', instant]);
      expect([exitCode, stderr]).toEqual([EXIT.usage, expect.stringContaining(problem)]);
    }
    expect((await operator.run(env, ['reschedule', 'nobody', '--send-at', inHours(1)])).exitCode).toBe(
      EXIT.partly,
    );
  });

  it('ends with 3 when Redis is away', async ({ expect }) => {
    const env = { REDIS_URL: 'redis://127.0.0.1:1' };
    const argv = ['reschedule', 'one', '--send-at', inHours(1)];
    expect((await herald(argv, { env })).exitCode).toBe(EXIT.unreachable);
  });
});
