import { expect, it, vi } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { Entry, Pipeline } from '../../src/jobs/envelope.ts';
import { readEntries } from '../../src/jobs/read-envelope.ts';
import type { Admitted, Grant, Settled } from '../../src/ledger/types.ts';
import { messageSchemasOf } from '../../src/message/schema.ts';
import type { Disposition, FinalState, Outcome } from '../../src/outcome.ts';
import type { SendRequest } from '../../src/platforms/port.ts';
import { platforms } from '../../src/platforms/registry.ts';
import { createTurns } from '../../src/turns.ts';
import { createPipeline, type PipelineDeps } from '../../src/workers/pipeline.ts';
import { createPlaces } from '../../src/workers/places.ts';
import { channelConfig } from '../config/channel-config.ts';
import { grant } from '../policies/grant.ts';

const SENT: FinalState = { state: 'delivered', reason: 'sent' };
const PRESUMED: FinalState = { state: 'delivered', reason: 'presumed' };
const DEAD: FinalState = { state: 'dead', reason: 'bad_request' };
const WAITS = { kind: 'wait', reason: 'slot_busy', cause: 'proof', delayMs: 250 };

const channel = channelConfig({});
const definition = platforms.kongregate;
const context = { channel, definition, schemas: messageSchemasOf(platforms) };
const quiet = { admitted() {}, waited() {}, inFlight() {}, attempted() {}, deferred() {}, finished() {} };

interface Around {
  definition?: PipelineDeps['definition'];
  observer?: Partial<PipelineDeps['observer']>;
  admit?: PipelineDeps['ledger']['admit'];
  settle?: PipelineDeps['ledger']['settle'];
  send?: PipelineDeps['client']['send'];
  clock?: PipelineDeps['clock'];
  departures?: PipelineDeps['departures'];
  places?: PipelineDeps['places'];
  unanswered?: PipelineDeps['unanswered'];
}

/** A pipeline whose ledger grants everything. */
const pipelineOf = ({ observer, admit, settle, send = async () => delivered, ...more }: Around): Pipeline =>
  createPipeline({
    ...{ channel, definition, clock: systemClock, ...more, resolution: 'presume', random: () => 0.5 },
    ledger: {
      admit: admit ?? (async () => admitted({})),
      settle: settle ?? (async () => answered({ status: 'first' })),
    },
    client: { send },
    observer: { ...quiet, ...observer },
    unanswered: more.unanswered ?? (async () => false),
    places: more.places ?? placesFor(100),
    lateGrants: { watch: () => () => {} },
    turns: createTurns(systemClock),
  } as unknown as PipelineDeps);

const placesFor = (concurrency: number) =>
  createPlaces({ concurrency, looksAhead: true, clock: systemClock });

const admitted = (fields: Partial<Grant>): Admitted => ({
  verdict: { kind: 'granted', grant: grant(fields) },
  nonce: 'nonce-01',
  askedAt: systemClock.monotonic(),
});

const answered = (settled: Partial<Settled>): Settled =>
  ({ run: 1, attempts: 1, failures: 0, opens: 0, final: undefined, ...settled }) as Settled;

function entry(fields: object, stalls = 0, timestamp = systemClock.now()): Entry {
  const data = { v: 1, platform: 'kongregate', to: { userId: 21 }, content: 'Hello', ...fields };
  const job = {
    id: 'm_1',
    name: 'message',
    text: JSON.stringify(data),
    timestamp,
    ...{ pickups: 1, stalls },
  };
  return readEntries(job, context)[0];
}

/** One message: the platform's outcome, what the ledger answered to its settlement, what became of it. */
async function settling(
  outcome: Outcome,
  settled: Partial<Settled>,
): Promise<{ next: Disposition; told: FinalState[] }> {
  const told: FinalState[] = [];
  const pipeline = pipelineOf({
    observer: { finished: ({ final }) => void told.push(final) },
    settle: async () => answered(settled),
    send: async () => outcome,
  });
  return { next: await pipeline.deliver(entry({})), told };
}

const delivered: Outcome = { kind: 'delivered', reason: 'sent' };
const rejected: Outcome = { kind: 'rejected', reason: 'bad_request', detail: 'no' };
const failed: Outcome = { kind: 'failed', reason: 'not_connected', detail: 'ECONNREFUSED' };

it.each<[string, Outcome, Partial<Settled>, object, FinalState[]]>([
  ['is told where this was the first', delivered, { status: 'first' }, { final: SENT }, [SENT]],
  ['was told where it was known', delivered, { status: 'known', final: PRESUMED }, { final: PRESUMED }, []],
  [
    'is the one on record: dead by this answer',
    rejected,
    { status: 'known', final: SENT },
    { final: SENT },
    [],
  ],
  ['is the one on record: sent by this', delivered, { status: 'known', final: DEAD }, { kind: 'dead' }, []],
  ['waits where a doubt overrules it', rejected, { status: 'doubt' }, WAITS, []],
  ['waits where the grant was lost', rejected, { status: 'stale' }, WAITS, []],
  ['waits where the grant was lost: to be tried again', failed, { status: 'stale' }, WAITS, []],
  ['is none where the run goes on', failed, { status: 'open' }, { kind: 'retry' }, []],
])('the final state %s', async (_, outcome, settled, next, told) => {
  const ended = await settling(outcome, settled);
  expect(ended.next).toMatchObject(next);
  expect(ended.told).toEqual(told);
});

it.each<[string, Outcome, boolean]>([
  ['at once where it delivered', delivered, true],
  // The store learns first what may open the breaker or make the channel rest.
  ['with its settlement where it did not', failed, false],
])('an answer lets the next message start %s', async (_, outcome, atOnce) => {
  const events: string[] = [];
  const pipeline = pipelineOf({
    settle: async () => {
      await Promise.resolve();
      events.push('settled');
      return answered({ status: outcome.kind === 'delivered' ? 'first' : 'open' });
    },
    send: async () => outcome,
  });
  await pipeline.deliver(entry({}), () => events.push('next'));
  expect(events).toEqual(atOnce ? ['next', 'settled'] : ['settled']);
});

const STOPPED: Outcome = { kind: 'throttled', reason: 'channel_stopped', stop: 'credentials' };
const RESTING: Admitted = {
  verdict: { kind: 'resting', reason: 'rate_limited', waitMs: 1_000, cause: 'platform_rate' },
  nonce: 'nonce-03',
  askedAt: 0,
};
const turn = () => new Promise(setImmediate);

/** Two messages: `a` is under way before `b` is picked up. */
async function oneAfterTheOther(settled: Partial<Settled>, concurrency = 1) {
  const effects: string[] = [];
  const late: string[] = [];
  const grants: ((grant: Admitted) => void)[] = [];
  const answers: ((outcome: Outcome) => void)[] = [];
  let settleFirst = (): void => {};
  const places = placesFor(concurrency);
  const pipeline = pipelineOf({
    places,
    admit: () => new Promise((resolve) => grants.push(resolve)),
    async settle({ nonce, effect }) {
      effects.push(`${nonce} ${effect}`);
      if (nonce !== 'nonce-01') return answered({ status: effect === 'back' ? 'open' : 'first' });
      await new Promise<void>((resolve) => {
        settleFirst = resolve;
      });
      return answered(settled);
    },
    observer: { lateGrant: () => void late.push('late') },
    unanswered: async (failures) => failures >= 10,
    send: () => new Promise((resolve) => answers.push(resolve)),
  });
  const first = pipeline.deliver(entry({ id: 'a' }));
  await turn();
  grants[0]!(admitted({ nonce: 'nonce-01' }));
  await turn();
  let second: Promise<Disposition> | undefined;
  return {
    ...{ pipeline, places, first, effects, late },
    asked: () => grants.length,
    sent: () => answers.length,
    second: () => second,
    async ask(): Promise<void> {
      second = pipeline.deliver(entry({ id: 'b' }));
      await turn();
    },
    async grant(fields: Partial<Grant> = {}): Promise<void> {
      grants.at(-1)!(admitted({ nonce: `nonce-0${grants.length}`, ...fields }));
      await turn();
    },
    async refuse(): Promise<void> {
      grants.at(-1)!(RESTING);
      await turn();
    },
    async answer(outcome: Outcome): Promise<void> {
      answers.at(-1)!(outcome);
      await turn();
    },
    async settle(): Promise<void> {
      settleFirst();
      await turn();
    },
  };
}
type Step = 'ask' | 'grant' | 'answer' | 'settle';

/** Of `b`, but for the answer and the settlement of `a`. */
const orders: { steps: Step[]; places: number }[] = [
  { steps: ['ask', 'grant', 'answer', 'settle'], places: 1 },
  { steps: ['ask', 'answer', 'grant', 'settle'], places: 1 },
  { steps: ['ask', 'answer', 'settle', 'grant'], places: 1 },
  { steps: ['answer', 'ask', 'settle', 'grant'], places: 2 },
];
const rests: { channel: string; outcome: Outcome; settled: Partial<Settled> }[] = [
  { channel: 'is stopped', outcome: STOPPED, settled: { status: 'open' } },
  {
    channel: 'is asked to rest',
    outcome: { kind: 'delivered', reason: 'sent', restMs: 1_000 },
    settled: { status: 'first' },
  },
  { channel: 'has its breaker open', outcome: failed, settled: { status: 'open', failures: 10 } },
];
it.each(orders.flatMap((order) => rests.map((rest) => ({ ...order, ...rest }))))(
  'gives a grant back when the channel $channel, and asks again: by $steps, with places: $places',
  async ({ steps, places, outcome, settled }) => {
    const scene = await oneAfterTheOther(settled, places);
    const { effects, sent, second } = scene;
    for (const step of steps) await (step === 'answer' ? scene.answer(outcome) : scene[step]());
    expect(effects.slice(1)).toEqual(['nonce-02 back']);
    await scene.refuse();
    expect(await second()).toMatchObject({ kind: 'rest', delayMs: 1_000, cause: 'platform_rate' });
    expect(sent()).toBe(1);
  },
);

it('gives a grant back as soon as the channel is refused, also where a place is free', async () => {
  const scene = await oneAfterTheOther({ status: 'open' }, 2);
  for (const step of ['ask', 'answer', 'grant'] as const)
    await (step === 'answer' ? scene.answer(STOPPED) : scene[step]());
  expect(scene.effects.slice(1)).toEqual(['nonce-02 back']);
  await scene.refuse();
  expect(scene.sent()).toBe(1);
});

it('keeps its place while it asks again', async () => {
  const scene = await oneAfterTheOther({ status: 'open' });
  for (const step of ['ask', 'answer', 'grant', 'settle'] as const)
    await (step === 'answer' ? scene.answer(STOPPED) : scene[step]());
  // It has the place now, and its next grant is called off as well.
  scene.places.callOff();
  await scene.grant();
  await scene.grant();
  await scene.answer(delivered);
  expect(scene.effects.slice(1)).toEqual(['nonce-02 back', 'nonce-03 back', 'nonce-04 delivered']);
  expect(await scene.second()).toMatchObject({ kind: 'complete', final: SENT });
});

it('asks again, once it has a place, where none became free while the grant lasted', async () => {
  const scene = await oneAfterTheOther({ status: 'first' });
  const { second, effects, late, asked, sent } = scene;
  await scene.ask();
  await scene.grant({ leaseMs: channel.timeoutMs + 500 + 50 });
  await vi.waitFor(() => expect(effects).toEqual(['nonce-02 back']));
  await scene.answer(rejected);
  expect(asked()).toBe(2);
  await scene.settle();
  expect(asked()).toBe(3);
  await scene.grant();
  expect(sent()).toBe(2);
  await scene.answer(delivered);
  expect(await second()).toMatchObject({ kind: 'complete', final: SENT });
  expect(late).toEqual([]);
});

it('gives a grant that waits for its place back when the worker closes', async () => {
  const scene = await oneAfterTheOther({ status: 'first' });
  await scene.ask();
  await scene.grant();
  scene.pipeline.abort();
  expect(await scene.second()).toEqual({ kind: 'hand_back' });
  expect(scene.effects).toEqual(['nonce-02 back']);
  expect(scene.sent()).toBe(1);
});

it('gives a grant that comes to a worker that is closing back at once', async () => {
  const scene = await oneAfterTheOther({ status: 'first' });
  await scene.ask();
  scene.pipeline.abort();
  await scene.grant();
  expect(await scene.second()).toEqual({ kind: 'hand_back' });
  expect(scene.sent()).toBe(1);
});

it('goes by what the store says of a grant that was given back', async () => {
  const places = placesFor(1);
  const pipeline = pipelineOf({
    places,
    async admit() {
      places.callOff();
      return admitted({});
    },
    settle: async () => answered({ status: 'known', final: PRESUMED }),
  });
  expect(await pipeline.deliver(entry({}))).toEqual({ kind: 'complete', final: PRESUMED });
});

it('tells how long a message waited until its request left, which may be after its moment', async () => {
  const waited: number[] = [];
  let at = systemClock.now();
  const clock = { now: () => at, monotonic: () => at };
  const passes = async <T>(ms: number, answer: T): Promise<T> => {
    at += ms;
    return answer;
  };
  const pipeline = pipelineOf({
    clock,
    observer: { waited: (_, ms) => void waited.push(ms) },
    admit: async () => ({ ...admitted({ leaseMs: 60_000, moment: at + 500 }), askedAt: at }),
    departures: { mayLeave: () => passes(1_900, true), look() {} },
    send: () => passes(300, delivered),
  });
  await pipeline.deliver(entry({}, 0, at));
  expect(waited).toEqual([1_900]);
});

it('reports a message that is given up while its send is still in flight as deferred', async () => {
  const told: unknown[] = [];
  const pipeline = pipelineOf({
    observer: { deferred: (_, deferral) => void told.push(deferral) },
    settle: async () => answered({ status: 'stale' }),
  });
  expect(await pipeline.deliver(entry({}, 5))).toMatchObject(WAITS);
  expect(told).toMatchObject([{ reason: 'slot_busy', cause: 'proof' }]);
});

it('keeps no rendering of a message that is given up', async () => {
  let rendered = 0;
  const render = (...args: Parameters<typeof definition.render>) => {
    rendered += 1;
    return definition.render(...args);
  };
  const pipeline = pipelineOf({
    definition: { ...definition, render },
    send: async () => failed,
    settle: async ({ final }) => answered({ status: final ? 'first' : 'open' }),
  });
  const deliver = (stalls: number) => pipeline.deliver(entry({ id: 'a' }, stalls));
  const kinds: string[] = [];
  const renderings: number[] = [];
  for (const stalls of [0, 0, 5, 0]) {
    kinds.push((await deliver(stalls)).kind);
    renderings.push(rendered);
  }
  expect(kinds).toEqual(['retry', 'retry', 'dead', 'retry']);
  // Once for the run that was given up, and once for the one after it.
  expect(renderings).toEqual([1, 1, 1, 2]);
});

const quotaGrants = [
  { attempt: 1, waitMs: 0 },
  { attempt: 2, waitMs: 0, spent: 1 },
];

it.each<[string, Outcome, number]>([
  ['after a 429', { kind: 'throttled', reason: 'rate_limited' }, 1],
  ['after a failure', failed, 1],
])('tells how long a message waited once a run: not again %s', async (_, outcome, times) => {
  const told: number[][] = [];
  const grants = quotaGrants.values();
  const pipeline = pipelineOf({
    observer: { waited: (_channel, queueMs, keptMs) => void told.push([queueMs, keptMs]) },
    admit: async () => {
      const leaseMs = 11_500;
      const deadlineAt = systemClock.now() + leaseMs;
      const fields = { ...grants.next().value, keptMs: 3_000, leaseMs, deadlineAt };
      return admitted(fields);
    },
    settle: async () => answered({ status: 'open' }),
    send: async () => outcome,
  });
  await pipeline.deliver(entry({}));
  await pipeline.deliver(entry({}));
  expect(told).toHaveLength(times);
  expect(told[0]![1]).toBe(3_000);
});

it('tells nothing of a grant that was given back, and the wait until its request of the next', async () => {
  const told: number[][] = [];
  const leases = [100, 11_500].values();
  const at = systemClock.now();
  const enqueuedAt = at - 60_000;
  const pipeline = pipelineOf({
    clock: { now: () => at, monotonic: () => at },
    observer: {
      waited: (_channel, ...ms) => void told.push(ms),
      lateGrant() {},
    },
    admit: async () => {
      const leaseMs = leases.next().value ?? 0;
      return { ...admitted({ leaseMs, deadlineAt: at + leaseMs, keptMs: 20_000 }), askedAt: at };
    },
    settle: async () => answered({ status: 'open' }),
  });
  const waiting = entry({}, 0, enqueuedAt);
  await pipeline.deliver(waiting);
  expect(told).toEqual([]);
  await pipeline.deliver(waiting);
  expect(told).toEqual([[40_000, 20_000]]);
});

it('tells of a delivery for how long the recipient kept the message waiting', async () => {
  const told: unknown[] = [];
  const pipeline = pipelineOf({
    observer: { finished: ({ latencyMs, keptMs }) => void told.push({ latencyMs, keptMs }) },
    admit: async () => admitted({ keptMs: 20_000 }),
  });
  await pipeline.deliver(entry({}, 0, systemClock.now() - 60_000));
  expect(told).toEqual([{ latencyMs: expect.any(Number), keptMs: 20_000 }]);
});

it('gives a platform a request that it may copy, its idempotency key included', async () => {
  const copies: SendRequest[] = [];
  const pipeline = pipelineOf({
    send: async (request) => {
      copies.push({ ...request });
      return delivered;
    },
  });
  await pipeline.deliver(entry({}));
  expect(copies).toMatchObject([{ attempt: 1 }]);
  expect(copies[0]?.idempotencyKey()).toMatch(/^[0-9a-f]{32}$/);
});
