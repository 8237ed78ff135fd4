import { setMaxListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import type { ChannelConfig } from '../config/schema.ts';
import type { Delivery } from '../jobs/envelope.ts';
import { idempotencyKey } from '../ledger/names.ts';
import type { Grant } from '../ledger/types.ts';
import type { DeliveryObserver } from '../observe/observer.ts';
import type { Outcome } from '../outcome.ts';
import type { Answer, PlatformClient } from '../platforms/port.ts';
import { longestGrantMs } from '../policies/admission.ts';
import { createDeadlines, SHARED_MS } from './deadlines.ts';
import type { Identify } from './identify.ts';
import type { Rendered } from './renderings.ts';

/** The result of a grant. */
export type Attempted =
  /** A request was sent (or attempted), with its outcome. */
  | { kind: 'sent'; outcome: Outcome; durationMs: number }
  /** The platform was asked about an earlier send. */
  | { kind: 'asked'; answer: Answer }
  /** Nothing was sent: the content cannot be rendered. */
  | { kind: 'unsendable'; outcome: Extract<Outcome, { kind: 'rejected' }> }
  /** Nothing was sent: the worker is closing, or the rest of the grant was too short for a safe send. */
  | { kind: 'released'; closing: boolean };

export interface AttemptDeps {
  channel: ChannelConfig;
  client: PlatformClient;
  clock: Clock;
  observer: DeliveryObserver;
  identify: Identify;
}

/** What was known when admission was requested. */
export interface Asked {
  /** Monotonic time of the request, from which the lease counts (rule 4). */
  askedAt: number;
  rendered: Rendered;
}

export interface Attempts {
  make(delivery: Delivery, grant: Grant, asked: Asked): Promise<Attempted>;
  /** Sends nothing new from here on; requests in flight are aborted. */
  abort(): void;
}

/** The time from the check to the first byte on the wire, and by which a shared deadline may be early. */
const WRITE_MARGIN_MS = 2 * SHARED_MS;

export function createAttempts(deps: AttemptDeps): Attempts {
  const { channel, clock, observer } = deps;
  const closing = new AbortController();
  // As many grants as the channel's concurrency wait for their moment at a time; Node warns of a leak from 11 listeners on.
  setMaxListeners(0, closing.signal);
  const deadlines = createDeadlines(clock);

  /** Runs a request, aborted at the grant's deadline or when the worker closes, whichever comes first. */
  async function until<T>(leftMs: number, request: (signal: AbortSignal) => Promise<T>): Promise<T> {
    observer.inFlight(channel.name, 1);
    try {
      return await request(deadlines.signal(leftMs));
    } finally {
      observer.inFlight(channel.name, -1);
    }
  }

  async function send(delivery: Delivery, grant: Grant, leftMs: number, content: string): Promise<Attempted> {
    const startedAt = clock.monotonic();
    const outcome = await until(leftMs, (signal) =>
      deps.client.send({ ...requestOf(delivery, grant, channel.name), content, signal }),
    );
    // Aborted before anything was written: nothing reached the platform.
    if (outcome.kind === 'failed' && closing.signal.aborted) return { kind: 'released', closing: true };
    return { kind: 'sent', outcome, durationMs: clock.monotonic() - startedAt };
  }

  async function ask(delivery: Delivery, grant: Grant, leftMs: number, content: string): Promise<Attempted> {
    const { client } = deps;
    if (!client.confirm) throw new Error(`${channel.platform} was asked to confirm and cannot`);
    const confirm = client.confirm.bind(client);
    const attemptedAt = grant.doubtAt - longestGrantMs(channel);
    const answer = await until(leftMs, (signal) =>
      confirm({ ...requestOf(delivery, grant, channel.name), content, signal, attemptedAt }),
    );
    if (answer.kind !== 'candidates') return { kind: 'asked', answer };
    return { kind: 'asked', answer: await deps.identify(answer.messages, delivery.ledger, grant) };
  }

  return {
    abort() {
      closing.abort();
      deadlines.abortAll();
    },
    async make(delivery, grant, { askedAt, rendered }) {
      if (typeof rendered !== 'string') return { kind: 'unsendable', outcome: rendered };
      if (grant.waitMs > 0) await pause(grant.waitMs, undefined, { signal: closing.signal }).catch(() => {});
      if (closing.signal.aborted) return { kind: 'released', closing: true };
      const leftMs = grant.leaseMs - (clock.monotonic() - askedAt);
      if (leftMs < channel.timeoutMs + WRITE_MARGIN_MS) return { kind: 'released', closing: false };
      return await (grant.kind === 'ask' ? ask : send)(delivery, grant, leftMs, rendered);
    },
  };
}

const requestOf = (delivery: Delivery, grant: Grant, channel: string) => ({
  message: delivery.message,
  attempt: grant.attempt,
  id: delivery.ref.id,
  idempotencyKey: idempotencyKey(channel, delivery.ref.id, grant.born),
});
