import { describe, expect } from 'vitest';
import { MESSAGES_JOB } from '../../src/jobs/job-ids.ts';
import { eventually } from '../../testing/eventually.ts';
import type { Failpoint } from '../../testing/failpoints.ts';
import type { WorkerProcess } from '../../testing/worker-process.ts';
import { type Environment, it as environmentIt } from '../support/environment.ts';

/** A job lock of 15 s and a look for stalled jobs every 4 s: long enough for another worker to be done with it. */
const RECOVERED_WITHIN_MS = 30_000;
const BEYOND_LOCK_MS = 26_000;

type Failing = (env: Environment, failpoint: Failpoint) => Promise<WorkerProcess>;

/** `failing` is a worker that has picked up the one message of an environment, and has reached its failpoint. */
const it = environmentIt.extend<{ failing: Failing }>({
  failing: async ({ task: _ }, use) => {
    await use(async (env, failpoint) => {
      let reached = false;
      const onFailpoint = (): void => {
        reached = true;
      };
      const worker = env.spawn({ failpoint, onFailpoint });
      await eventually('the failpoint', () => reached, Boolean);
      return worker;
    });
  },
});

const nothingLeft = { active: 0, waiting: 0, delayed: 0, failed: 0 };
const left = ({ queue }: Environment) => queue.getJobCounts('active', 'waiting', 'delayed', 'failed');

describe.concurrent('a worker that is stopped at a step of the pipeline', () => {
  /** kill.test.ts has the deaths with the grant, with the answer and with the settlement. */
  it.for([
    { at: 'admitting', calls: 0, receipts: 0 },
    { at: 'writing', calls: 0, receipts: 0 },
    { at: 'disposing', calls: 1, receipts: 1 },
  ] as const)(
    'at the step $at: the message arrives once and ends once',
    async ({ at, calls, receipts }, { openEnvironment, failing }) => {
      const env = await openEnvironment();
      await env.send(21);
      const victim = await failing(env, { at, does: 'die' });
      await victim.ended();
      expect(env.sandbox.journal.report().calls).toBe(calls);
      expect(await env.receipts()).toHaveLength(receipts);
      expect(await env.queue.getActiveCount()).toBe(1);
      await env.worker();
      expect(await env.settled(1, { withinMs: RECOVERED_WITHIN_MS })).toEqual({ 'delivered/sent': 1 });
      expect(await env.receipts()).toHaveLength(1);
      expect(env.sandbox.journal.report()).toMatchObject({ calls: 1, accepted: 1 });
      expect(await left(env)).toEqual(nothingLeft);
    },
  );

  /** The worker does not know that it stood still; another one has taken its message meanwhile. */
  it.for([
    // The grant is too old to be used: nothing leaves.
    { at: 'granted', calls: 1, ended: 'delivered/sent' },
    // The other one sends again, and the platform's refusal proves the first.
    { at: 'answered', calls: 2, ended: 'delivered/presumed' },
    { at: 'settled', calls: 1, ended: 'delivered/sent' },
  ] as const)(
    'at the step $at: the message arrives once and ends once',
    async ({ at, calls, ended }, { openEnvironment, failing }) => {
      const env = await openEnvironment();
      await env.send(21);
      const victim = await failing(env, { at, does: 'block', ms: BEYOND_LOCK_MS });
      await eventually('it to stand still', () => victim.still, Boolean);
      await env.worker();
      expect(await env.settled(1, { withinMs: RECOVERED_WITHIN_MS })).toEqual({ [ended]: 1 });
      await eventually('it to go on', () => victim.inHand.size === 0, Boolean, { withinMs: BEYOND_LOCK_MS });
      expect(victim.log()).not.toContain('"fatal"');
      expect(await env.receipts()).toHaveLength(1);
      expect(env.sandbox.journal.report()).toMatchObject({ calls, accepted: 1 });
      expect(await left(env)).toEqual(nothingLeft);
    },
  );

  const MANY = 8;
  const messages = Array.from({ length: MANY }, (_, i) => ({
    ...{ id: `m-${i}`, platform: 'kongregate', to: { userId: 10 * i + 1 }, content: 'Hello' },
  }));
  const addMany = ({ queue }: Environment) => queue.add(MESSAGES_JOB, { v: 1, messages });

  /** The platform fails once, so that one of them has to be tried again, and leaves the job that it came in. */
  it.for(['leaving', 'left'] as const)(
    'at the step $0, of one of many: each arrives once and ends once',
    async (at, { openEnvironment, failing }) => {
      const env = await openEnvironment({ sandbox: { faults: [{ kind: 'server_error', count: 1 }] } });
      await addMany(env);
      const victim = await failing(env, { at, does: 'die' });
      await victim.ended();
      const leaving = (await env.queue.getJobCountByTypes('delayed', 'waiting')) > 0;
      expect(leaving).toBe(at === 'left');
      await env.worker();
      // Others had their answers under way when it died: the platform's refusal proves them.
      await env.settled(MANY, { withinMs: RECOVERED_WITHIN_MS });
      const ends = await env.receipts();
      expect(ends.map(({ state }) => state)).toEqual(Array.from({ length: MANY }, () => 'delivered'));
      expect(env.sandbox.journal.report()).toMatchObject({ accepted: MANY, acceptedMoreThanOnce: 0 });
      expect(await left(env)).toEqual(nothingLeft);
    },
  );

  it('with what of a job of many is over: each arrives once and ends once', async ({
    openEnvironment,
    failing,
  }) => {
    const env = await openEnvironment({
      channel: { concurrency: 1 },
      sandbox: { faults: [{ kind: 'latency', latencyMs: 50 }] },
    });
    await addMany(env);
    const first = await env.worker();
    await eventually('a part of it', async () => (await env.receipts()).length > 0, Boolean, { everyMs: 2 });
    await first.close();
    const before = (await env.receipts()).length;
    expect(before).toBeLessThan(MANY);
    const victim = await failing(env, { at: 'passing_over', does: 'die' });
    await victim.ended();
    expect(await env.receipts()).toHaveLength(before);
    await env.worker();
    expect(await env.settled(MANY, { withinMs: RECOVERED_WITHIN_MS })).toEqual({ 'delivered/sent': MANY });
    expect(await env.receipts()).toHaveLength(MANY);
    expect(env.sandbox.journal.report()).toMatchObject({ calls: MANY, accepted: MANY });
    expect(await left(env)).toEqual(nothingLeft);
  });
});
