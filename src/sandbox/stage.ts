import { setTimeout as pause } from 'node:timers/promises';
import type { FastifyReply } from 'fastify';
import type { Clock } from '../clock.ts';
import type { AnswerFault, FaultPlan, Struck } from './faults.ts';
import type { Journal } from './journal.ts';

/** Where every simulated platform plays: faults strike, the rules judge, the journal writes. */

/** What a platform's rules make of a call. */
export interface Ruling {
  /** For the journal: `accepted` or the name of the refusal. */
  result: string;
  status: number;
  headers?: Record<string, string>;
  body: unknown;
}

export interface IncomingCall {
  platform: string;
  recipient: string;
  content: string;
}

export interface Stage {
  readonly clock: Clock;
  /** Answers one message. `judge` applies the platform's rules and is called at most once. */
  play(reply: FastifyReply, call: IncomingCall, judge: () => Ruling): Promise<FastifyReply>;
  /** Answers any other call; the journal does not hold it. */
  answer(reply: FastifyReply, platform: string, judge: () => Ruling): Promise<FastifyReply>;
}

export interface StageParts {
  clock: Clock;
  faults: FaultPlan;
  journal: Journal;
  /** Ends the waiting of slow answers. */
  closing: AbortSignal;
}

const OVERSIZE_BYTES = 1024 * 1024;
const NOT_JUDGED = 'not_judged';

export function createStage({ clock, faults, journal, closing }: StageParts): Stage {
  async function perform(
    reply: FastifyReply,
    { latencyMs, fault }: Struck,
    judge: () => Ruling,
    note: (ruling: Ruling | undefined, fault: AnswerFault | undefined) => void,
  ): Promise<FastifyReply> {
    if (latencyMs > 0 && !(await waited(latencyMs, closing))) return breakOff(reply);
    const ruling = fault === undefined || takesFirst(fault) ? judge() : undefined;
    note(ruling, fault);
    if (fault !== undefined) return answerWith(fault, reply);
    return reply
      .code(ruling?.status ?? 500)
      .headers(ruling?.headers ?? {})
      .send(ruling?.body);
  }

  const used = new WeakSet<object>();

  function isReused({ request: { socket } }: FastifyReply): boolean {
    const reused = used.has(socket);
    used.add(socket);
    return reused;
  }

  return {
    clock,
    play(reply, call, judge) {
      const struck = faults.strike({ of: 'send', ...call, reused: isReused(reply) });
      return perform(reply, struck, judge, (ruling, fault) =>
        journal.add({ at: clock.now(), ...call, result: ruling?.result ?? NOT_JUDGED, fault: fault?.kind }),
      );
    },
    answer(reply, platform, judge) {
      const struck = faults.strike({ of: 'lookup', platform, recipient: '', reused: isReused(reply) });
      return perform(reply, struck, judge, () => {});
    },
  };
}

function takesFirst(fault: AnswerFault): boolean {
  return fault.kind !== 'rate_limited' && fault.accepted;
}

function answerWith(fault: AnswerFault, reply: FastifyReply): FastifyReply {
  switch (fault.kind) {
    case 'reset':
      return breakOff(reply);
    case 'hang':
      return reply.hijack();
    case 'server_error':
      return retryLater(reply, fault.retryAfter)
        .code(fault.status)
        .type('text/html')
        .send('<html><body>Something went wrong</body></html>');
    case 'blank':
      return reply.type('application/json').send('');
    case 'unreadable':
      return reply.type('application/json').send('{"success":tr');
    case 'oversize':
      return reply.type('application/json').send(`{"success":true,"filler":"${'x'.repeat(OVERSIZE_BYTES)}"}`);
    case 'rate_limited':
      return retryLater(reply, fault.retryAfter).code(429).type('text/plain').send('Too many requests');
    case 'answer':
      return reply.code(fault.status).headers(fault.headers).send(fault.body);
  }
}

const retryLater = (reply: FastifyReply, retryAfter: string | string[] | undefined): FastifyReply =>
  retryAfter === undefined ? reply : reply.header('retry-after', retryAfter);

/** A reset, not a polite end: what a crashing server or a dropped link looks like. */
function breakOff(reply: FastifyReply): FastifyReply {
  reply.hijack();
  reply.raw.socket?.resetAndDestroy();
  return reply;
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
