import { z } from 'zod';
import type { Random } from '../clock.ts';
import { quotable } from '../disclosure.ts';

/** When a fault strikes. */
const when = {
  /** Of the calls it fits, the share it strikes: 0 to 1, default 1. */
  probability: z.number().min(0).max(1).default(1),
  /** How many times at most; without it, for ever. */
  count: z.int().positive().optional(),
  /** Only calls for these: a user id as text, or `@name` in lower case. */
  recipients: z.array(z.string()).optional(),
  platform: z.string().optional(),
  /** Only calls over a connection that carried one before: what a server does that closes what was idle. */
  reused: z.boolean().default(false),
  /** Of messages that are sent, or of questions about them and other calls. */
  of: z.enum(['send', 'lookup']).default('send'),
};

/** Whether the platform took the message before the answer went wrong, so that only its sender does not know. */
const accepted = z.boolean().default(false);

const headerValue = z.union([z.string(), z.array(z.string())]);
const retryAfter = headerValue.optional();

/** A test's own words: errors may quote all of them. */
const fault = <T extends z.ZodRawShape>(shape: T) => quotable(z.strictObject(shape));

/**
 * - `latency`: the answer, or the next fault that fits, comes `latencyMs` later.
 * - `server_error`: `status` (503) with an HTML page, and `retryAfter` where given. - `reset`: the connection breaks. - `hang`: no answer ever.
 * - `blank`: HTTP 200 and nothing. - `unreadable`: half of an answer. - `oversize`: one of a megabyte.
 * - `rate_limited`: 429, with `retryAfter` as its Retry-After where given; a list makes as many headers.
 * - `answer`: whatever is put here, word by word.
 */
export const faultSchema = z.discriminatedUnion('kind', [
  fault({ kind: z.literal('latency'), latencyMs: z.number().min(0), ...when }),
  fault({
    kind: z.literal('server_error'),
    status: z.int().min(500).max(599).default(503),
    retryAfter,
    accepted,
    ...when,
  }),
  fault({ kind: z.literal('reset'), accepted, ...when }),
  fault({ kind: z.literal('hang'), accepted, ...when }),
  fault({ kind: z.literal('blank'), accepted, ...when }),
  fault({ kind: z.literal('unreadable'), accepted, ...when }),
  fault({ kind: z.literal('oversize'), accepted, ...when }),
  fault({ kind: z.literal('rate_limited'), retryAfter, ...when }),
  fault({
    kind: z.literal('answer'),
    status: z.int().min(200).max(599).default(200),
    headers: z.record(z.string(), headerValue).default({}),
    body: z.string().default(''),
    accepted,
    ...when,
  }),
]);

/** A fault as it is requested; most need only `kind`. */
export type Fault = z.input<typeof faultSchema>;
type Armed = z.output<typeof faultSchema>;
/** A fault that takes the place of the answer. */
export type AnswerFault = Exclude<Armed, { kind: 'latency' }>;

export interface Struck {
  latencyMs: number;
  fault: AnswerFault | undefined;
}

/** What a fault is decided by. */
export interface StruckCall {
  of: 'send' | 'lookup';
  platform: string;
  recipient: string;
  /** Whether its connection carried a call before. */
  reused: boolean;
}

/** The faults that wait for a call, oldest first. */
export class FaultPlan {
  #armed: Armed[] = [];
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Throws a ZodError for what is not a fault. */
  add(...faults: Fault[]): void {
    this.#armed.push(...faults.map((fault) => faultSchema.parse(fault)));
  }

  clear(): void {
    this.#armed = [];
  }

  list(): readonly Armed[] {
    return this.#armed;
  }

  /** What strikes this call: every latency that fits, and the first of the others. */
  strike(call: StruckCall): Struck {
    const struck: Struck = { latencyMs: 0, fault: undefined };
    for (const fault of this.#armed) {
      if (!fits(fault, call) || (fault.kind !== 'latency' && struck.fault !== undefined)) continue;
      if (fault.probability < 1 && this.#random() >= fault.probability) continue;
      if (fault.count !== undefined) fault.count -= 1;
      if (fault.kind === 'latency') struck.latencyMs += fault.latencyMs;
      else struck.fault = fault;
    }
    this.#armed = this.#armed.filter((fault) => fault.count !== 0);
    return struck;
  }
}

function fits(fault: Armed, { of, platform, recipient, reused }: StruckCall): boolean {
  if (fault.reused && !reused) return false;
  if (fault.of !== of || (fault.platform !== undefined && fault.platform !== platform)) return false;
  return fault.recipients === undefined || fault.recipients.includes(recipient);
}
