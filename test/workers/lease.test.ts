import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { Delivery } from '../../src/jobs/envelope.ts';
import type { Grant } from '../../src/ledger/types.ts';
import type { Outcome } from '../../src/outcome.ts';
import type { Confirmation, PlatformClient } from '../../src/platforms/port.ts';
import { longestGrantMs } from '../../src/policies/admission.ts';
import { type AttemptDeps, type Attempts, createAttempts } from '../../src/workers/attempt.ts';
import { createDepartures } from '../../src/workers/departures.ts';
import { createMargin } from '../../src/workers/margin.ts';
import { createPlaces } from '../../src/workers/places.ts';
import { channelConfig } from '../config/channel-config.ts';
import { grant } from '../policies/grant.ts';

const TIMEOUT_MS = 5_000;
const DELIVERED: Outcome = { kind: 'delivered', reason: 'sent' };
const NOT_CONNECTED: Outcome = { kind: 'failed', reason: 'not_connected', detail: 'aborted' };
const NOW = 1_000_000;
const RELEASED = { kind: 'released', why: 'closing' };
const channel = channelConfig({ timeout: `${TIMEOUT_MS}ms` });
const delivery = { message: {}, ref: { id: 'm' }, ledger: {} } as Delivery;

interface Asked {
  attempts: Attempts;
  /** Requests and questions that the client was handed. */
  calls: { signal: AbortSignal; attemptedAt?: number }[];
  make(fields: Partial<Grant>): ReturnType<Attempts['make']>;
}

/** Attempts by a clock that stands still: `askedMs` have passed since admission was asked for. */
function attempting(askedMs = 0, client: Partial<PlatformClient> = {}): Asked {
  const calls: Asked['calls'] = [];
  const now = NOW;
  const deps = {
    channel,
    clock: { now: () => now, monotonic: () => now },
    observer: { inFlight() {} },
    places: createPlaces({ concurrency: 10, looksAhead: true, clock: { monotonic: () => now } }),
    departures: createDepartures({
      rate: { take: async () => ({ moments: [], nextAt: Number.POSITIVE_INFINITY }), async giveUp() {} },
      margin: createMargin({ max: 10, perMs: 1_000 }, { monotonic: () => now }),
      clock: { monotonic: () => now },
    }),
    client: {
      send: async (request: Asked['calls'][number]) => {
        calls.push(request);
        return DELIVERED;
      },
      confirm: async (request: Asked['calls'][number]): Promise<Confirmation> => {
        calls.push(request);
        return { kind: 'not_found' };
      },
      ...client,
    },
  } as unknown as AttemptDeps;
  const attempts = createAttempts(deps);
  return {
    attempts,
    calls,
    make: (fields) =>
      attempts.make(
        delivery,
        grant({ moment: now, ...fields }),
        { askedAt: now - askedMs, rendered: 'Hello' },
        attempts.place(delivery),
      ),
  };
}

it.each([
  { left: 'the timeout and a margin of half a second', leaseMs: TIMEOUT_MS + 500, leaves: true },
  { left: 'less', leaseMs: TIMEOUT_MS + 499, leaves: false },
])('a grant of which is left $left: whether a request leaves is $leaves', async ({ leaseMs, leaves }) => {
  for (const askedMs of [0, 700]) {
    const { calls, make } = attempting(askedMs);
    const attempted = await make({ leaseMs: leaseMs + askedMs });
    expect(calls).toHaveLength(leaves ? 1 : 0);
    expect(attempted).toMatchObject(leaves ? { kind: 'sent' } : { kind: 'released', why: 'late' });
  }
});

it('a question looks back to the beginning of the grant that ended in doubt', async () => {
  const { calls, make } = attempting();
  await make({ kind: 'ask', doubt: true, doubtAt: 900_000 });
  expect(calls[0]?.attemptedAt).toBe(900_000 - longestGrantMs(channel));
});

it('a grant that ends before its moment is given back at once', async () => {
  const { calls, make } = attempting();
  for (const moment of [NOW + 60_000, Number.POSITIVE_INFINITY])
    expect(await make({ moment })).toEqual({ kind: 'released', why: 'late' });
  expect(calls).toEqual([]);
});

it('a worker that closes gives back a grant whose moment has not come', async () => {
  const { attempts, calls, make } = attempting();
  const made = make({ moment: NOW + 60_000, leaseMs: 61_000 + TIMEOUT_MS });
  attempts.abort();
  expect(await made).toEqual(RELEASED);
  expect(await make({})).toEqual(RELEASED);
  expect(calls).toEqual([]);
});

it.each([
  ['before anything was written: the grant goes back', NOT_CONNECTED, RELEASED],
  ['after it was written: it is in doubt', { kind: 'unknown', reason: 'timeout' }, { kind: 'sent' }],
])('a request that a close aborts %s', async (_, outcome, attempted) => {
  let wrote = (): void => {};
  const written = new Promise<void>((resolve) => {
    wrote = resolve;
  });
  const { attempts, make } = attempting(0, {
    async send({ signal }) {
      wrote();
      await pause(60_000, undefined, { signal }).catch(() => {});
      return outcome as Outcome;
    },
  });
  const made = make({});
  await written;
  attempts.abort();
  expect(await made).toMatchObject(attempted);
});
