import { setTimeout as pause } from 'node:timers/promises';
import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Context } from 'hono';
import type { Clock } from '../clock.ts';
import type { AnswerFault, FaultPlan, Struck } from './faults.ts';
import type { Journal } from './journal.ts';

/** Handles the requests of every simulated platform: injects faults, applies its rules, writes the journal. */

/** What a platform's rules make of a call. */
export interface Ruling {
  /** For the journal: `accepted` or the name of the refusal. */
  result: string;
  status: number;
  headers?: Record<string, string>;
  body: unknown;
}

/** A request in flight; faults reach for its socket. */
export type Exchange = Context<{ Bindings: HttpBindings }>;

export interface IncomingCall {
  platform: string;
  recipient: string;
  content: string;
}

export interface RequestHandler {
  readonly clock: Clock;
  /** Answers one message. `decide` applies the platform's rules and is called at most once. */
  receive(exchange: Exchange, call: IncomingCall, decide: () => Ruling): Promise<Response>;
  /** Answers any other call; the journal does not hold it. */
  answer(exchange: Exchange, platform: string, decide: () => Ruling): Promise<Response>;
}

export interface RequestHandlerParts {
  clock: Clock;
  faults: FaultPlan;
  journal: Journal;
  /** Ends the waiting of slow answers. */
  closing: AbortSignal;
}

const OVERSIZE_BYTES = 1024 * 1024;
const NOT_JUDGED = 'not_judged';

export function createRequestHandler({
  clock,
  faults,
  journal,
  closing,
}: RequestHandlerParts): RequestHandler {
  async function perform(
    exchange: Exchange,
    { latencyMs, fault }: Struck,
    decide: () => Ruling,
    note: (ruling: Ruling | undefined, fault: AnswerFault | undefined) => void,
  ): Promise<Response> {
    if (latencyMs > 0 && !(await waited(latencyMs, closing))) return breakOff(exchange);
    const ruling = fault === undefined || takesFirst(fault) ? decide() : undefined;
    note(ruling, fault);
    if (fault !== undefined) return answerWith(fault, exchange);
    return respond(exchange, ruling ?? { status: 500, body: '' });
  }

  const used = new WeakSet<object>();

  function isReused({ env: { incoming } }: Exchange): boolean {
    const reused = used.has(incoming.socket);
    used.add(incoming.socket);
    return reused;
  }

  return {
    clock,
    receive(exchange, call, decide) {
      const struck = faults.strike({ of: 'send', ...call, reused: isReused(exchange) });
      return perform(exchange, struck, decide, (ruling, fault) =>
        journal.add({ at: clock.now(), ...call, result: ruling?.result ?? NOT_JUDGED, fault: fault?.kind }),
      );
    },
    answer(exchange, platform, decide) {
      const struck = faults.strike({ of: 'lookup', platform, recipient: '', reused: isReused(exchange) });
      return perform(exchange, struck, decide, () => {});
    },
  };
}

function takesFirst(fault: AnswerFault): boolean {
  return fault.kind !== 'rate_limited' && fault.accepted;
}

function answerWith(fault: AnswerFault, exchange: Exchange): Response {
  switch (fault.kind) {
    case 'reset':
      return breakOff(exchange);
    case 'hang':
      return RESPONSE_ALREADY_SENT;
    case 'server_error':
      return respond(exchange, {
        status: fault.status,
        headers: { 'content-type': 'text/html', ...retryLater(fault.retryAfter) },
        body: '<html><body>Something went wrong</body></html>',
      });
    case 'blank':
      return respond(exchange, { status: 200, headers: JSON_TYPE, body: '' });
    case 'unreadable':
      return respond(exchange, { status: 200, headers: JSON_TYPE, body: '{"success":tr' });
    case 'oversize':
      return respond(exchange, {
        status: 200,
        headers: JSON_TYPE,
        body: `{"success":true,"filler":"${'x'.repeat(OVERSIZE_BYTES)}"}`,
      });
    case 'rate_limited':
      return respond(exchange, {
        status: 429,
        headers: { 'content-type': 'text/plain', ...retryLater(fault.retryAfter) },
        body: 'Too many requests',
      });
    case 'answer':
      return respond(exchange, fault);
  }
}

const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };

const retryLater = (retryAfter: string | string[] | undefined): Record<string, string | string[]> =>
  retryAfter === undefined ? {} : { 'retry-after': retryAfter };

interface Answer {
  status: number;
  headers?: Record<string, string | string[]> | undefined;
  /** Text as it is; anything else as JSON. */
  body: unknown;
}

/** By Node's own response: a fetch-like one would join two headers of one name. */
function respond({ env: { outgoing } }: Exchange, { status, headers, body }: Answer): Response {
  const isText = typeof body === 'string';
  outgoing.writeHead(status, { ...(isText ? {} : JSON_TYPE), ...headers });
  outgoing.end(isText ? body : JSON.stringify(body));
  return RESPONSE_ALREADY_SENT;
}

/** A reset, not a polite end: what a crashing server or a dropped link looks like. */
function breakOff({ env: { incoming } }: Exchange): Response {
  incoming.socket.resetAndDestroy();
  return RESPONSE_ALREADY_SENT;
}

async function waited(ms: number, closing: AbortSignal): Promise<boolean> {
  try {
    await pause(ms, undefined, { signal: closing });
    return true;
  } catch {
    // Only the closing of the sandbox ends the wait early.
    return false;
  }
}
