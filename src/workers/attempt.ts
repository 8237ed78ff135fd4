import type { Clock } from '../clock.ts';
import type { ChannelConfig } from '../config/channel-schema.ts';
import type { Delivery } from '../jobs/envelope.ts';
import { idempotencyKey } from '../ledger/names.ts';
import type { Grant } from '../ledger/types.ts';
import type { DeliveryObserver } from '../observe/observer.ts';
import type { Outcome } from '../outcome.ts';
import type { Answer, PlatformClient, SendRequest } from '../platforms/port.ts';
import { AHEAD_MS, longestGrantMs } from '../policies/admission.ts';
import { createDeadlines, SHARED_MS } from './deadlines.ts';
import type { Departures } from './departures.ts';
import type { Identify } from './identify.ts';
import type { Place, Places, Taken } from './places.ts';
import type { Rendered } from './renderings.ts';

/** The result of a grant. */
export type Attempted =
  /** A request was sent (or attempted), with its outcome. */
  | { kind: 'sent'; outcome: Outcome; durationMs: number }
  /** The platform was asked about an earlier send. */
  | { kind: 'asked'; answer: Answer }
  /** Nothing was sent: the content cannot be rendered. */
  | { kind: 'unsendable'; outcome: Extract<Outcome, { kind: 'rejected' }> }
  /** Nothing was sent. */
  | { kind: 'released'; why: ReleaseCause };

/**
 * `closing`: the worker is. `late`: when the grant came, too little of it was left for a safe send. `called_off`: the channel rests since it
 * was asked for. `too_late`: no place became free in time.
 */
export type ReleaseCause = 'late' | Exclude<Taken, 'taken'>;

export interface AttemptDeps {
  channel: ChannelConfig;
  client: PlatformClient;
  clock: Clock;
  observer: DeliveryObserver;
  identify: Identify;
  /** By the channel's rate; absent without one. */
  departures?: Departures | undefined;
  places: Places;
}

/** What was known when admission was requested. */
export interface Asked {
  /** Monotonic time of the request, from which the lease counts (rule 4). */
  askedAt: number;
  rendered: Rendered;
}

export interface Attempts {
  /** @param place takes it; the caller frees it, whatever came of the attempt */
  make(delivery: Delivery, grant: Grant, asked: Asked, place: Place): Attempted | Promise<Attempted>;
  place(delivery: Delivery): Place;
  /** Sends nothing new from here on; requests in flight are aborted. */
  abort(): void;
}

const RELEASED = {
  closing: { kind: 'released', why: 'closing' },
  late: { kind: 'released', why: 'late' },
  called_off: { kind: 'released', why: 'called_off' },
  too_late: { kind: 'released', why: 'too_late' },
} as const satisfies Record<ReleaseCause, Attempted>;

/** The time from the check to the first byte on the wire, and by which a shared deadline may be early. */
const WRITE_MARGIN_MS = 2 * SHARED_MS;

export function createAttempts(deps: AttemptDeps): Attempts {
  const { channel, clock, observer, departures, places } = deps;
  const closing = new AbortController();
  const deadlines = createDeadlines(clock);

  function sent(outcome: Outcome, startedAt: number): Attempted {
    // Aborted before anything was written: nothing reached the platform.
    if (outcome.kind === 'failed' && closing.signal.aborted) return RELEASED.closing;
    return { kind: 'sent', outcome, durationMs: clock.monotonic() - startedAt };
  }

  async function ask(
    delivery: Delivery,
    grant: Grant,
    request: SendRequest,
  ): Promise<Extract<Attempted, { kind: 'asked' }>> {
    const { client } = deps;
    if (!client.confirm) throw new Error(`${channel.platform} was asked to confirm and cannot`);
    const attemptedAt = grant.doubtAt - longestGrantMs(channel);
    const answer = await client.confirm(Object.assign(request, { attemptedAt }));
    if (answer.kind !== 'candidates') return { kind: 'asked', answer };
    return { kind: 'asked', answer: await deps.identify(answer.messages, delivery.ledger, grant) };
  }

  /** Makes the request, which is aborted at the grant's deadline or when the worker closes, whichever comes first. */
  function start(
    delivery: Delivery,
    grant: Grant,
    content: string,
    { startedAt, leftMs }: { startedAt: number; leftMs: number },
  ): Promise<Attempted> {
    const request = requestOf(delivery, grant, content, deadlines.signal(startedAt + leftMs));
    const answer = grant.kind === 'ask' ? ask(delivery, grant, request) : deps.client.send(request);
    observer.inFlight(channel.name, 1);
    const ended = (): void => observer.inFlight(channel.name, -1);
    return answer.then(
      (end) => {
        ended();
        return end.kind === 'asked' ? end : sent(end, startedAt);
      },
      (error: unknown) => {
        ended();
        throw error;
      },
    );
  }

  const released = (): Attempted => (closing.signal.aborted ? RELEASED.closing : RELEASED.late);
  const neededMs = channel.timeoutMs + WRITE_MARGIN_MS;

  /** Unless the worker is closing, or too little of the lease is left (rule 4). */
  function startInTime(
    delivery: Delivery,
    grant: Grant,
    askedAt: number,
    content: string,
  ): Attempted | Promise<Attempted> {
    if (closing.signal.aborted) return RELEASED.closing;
    const startedAt = clock.monotonic();
    const leftMs = grant.leaseMs - (startedAt - askedAt);
    if (leftMs < neededMs) return RELEASED.late;
    return start(delivery, grant, content, { startedAt, leftMs });
  }

  return {
    place: ({ ledger: { bulk = false } }) => places.of({ bulk, signal: closing.signal }),
    abort() {
      closing.abort();
      departures?.look();
      places.look();
      deadlines.abortAll();
    },
    make(delivery, grant, { askedAt, rendered }, place) {
      if (typeof rendered !== 'string') return { kind: 'unsendable', outcome: rendered };
      const latestAt = askedAt + grant.leaseMs - neededMs;
      const begin = (taken: Taken): Attempted | Promise<Attempted> =>
        taken === 'taken' ? startInTime(delivery, grant, askedAt, rendered) : RELEASED[taken];
      function go(): Attempted | Promise<Attempted> {
        const taking = place.take(latestAt);
        return taking instanceof Promise ? taking.then(begin) : begin(taking);
      }
      if (!departures) return go();
      const { moment } = grant;
      // It would not be in time at its moment, either.
      if (moment > latestAt) return released();
      const { requests = 1, bulk } = delivery.ledger;
      const aheadMs = bulk ? AHEAD_MS / 2 : AHEAD_MS;
      return departures
        .mayLeave({ moment, requests, latestAt, aheadMs, signal: closing.signal })
        .then((leaves) => (leaves ? go() : released()));
    },
  };
}

const requestOf = (
  { message, ref }: Delivery,
  { attempt, born }: Grant,
  content: string,
  signal: AbortSignal,
): SendRequest => ({
  message,
  content,
  attempt,
  id: ref.id,
  idempotencyKey: () => idempotencyKey(ref.channel, ref.id, born),
  signal,
});
