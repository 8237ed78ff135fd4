import { expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { readEnvelope } from '../../src/jobs/read-envelope.ts';
import type { Settled } from '../../src/ledger/types.ts';
import { createMessageSchemas } from '../../src/message/schema.ts';
import type { Disposition, FinalState, Outcome } from '../../src/outcome.ts';
import { platforms } from '../../src/platforms/registry.ts';
import { createTurns } from '../../src/turns.ts';
import { createPipeline, type PipelineDeps } from '../../src/workers/pipeline.ts';
import { channelConfig } from '../config/channel-config.ts';
import { grant } from '../policies/grant.ts';

const SENT: FinalState = { state: 'delivered', reason: 'sent' };
const PRESUMED: FinalState = { state: 'delivered', reason: 'presumed' };
const DEAD: FinalState = { state: 'dead', reason: 'bad_request' };
const WAITS = { kind: 'wait', reason: 'slot_busy', delayMs: 250 };

/** One message: the platform's outcome, what the ledger answered to its settlement, what became of it. */
async function settling(
  outcome: Outcome,
  settled: Partial<Settled>,
): Promise<{ next: Disposition; told: FinalState[] }> {
  const told: FinalState[] = [];
  const quiet = { admitted() {}, waited() {}, inFlight() {}, attempted() {}, deferred() {} };
  const channel = channelConfig({});
  const definition = platforms.kongregate;
  const pipeline = createPipeline({
    channel,
    definition,
    resolution: 'presume',
    clock: systemClock,
    random: () => 0.5,
    ledger: {
      admit: async () => ({ verdict: { kind: 'granted', grant: grant() }, nonce: 'nonce-01' }),
      settle: async () => ({ run: 1, attempts: 1, failures: 0, opens: 0, final: undefined, ...settled }),
    },
    client: { send: async () => outcome },
    observer: { ...quiet, finished: ({ final }: { final: FinalState }) => void told.push(final) },
    unanswered: async () => {},
    lateGrants: { watch: () => () => {} },
    turns: createTurns(systemClock),
  } as unknown as PipelineDeps);
  const data = { v: 1, platform: 'kongregate', to: { userId: 21 }, content: 'Hello' };
  const job = { id: 'm_1', text: JSON.stringify(data), timestamp: systemClock.now(), pickups: 1, stalls: 0 };
  const schemas = createMessageSchemas(platforms);
  const [next] = await pipeline.deliver(readEnvelope(job, { channel, definition, schemas }));
  return { next: next!, told };
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
