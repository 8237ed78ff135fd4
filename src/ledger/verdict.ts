import type { RestReason, StopReason } from '../outcome.ts';
import { EpochLostError } from './epoch.ts';
import { decodeFinal } from './reasons.ts';
import type { Grant, RestCause, Verdict } from './types.ts';

/**
 * The answer to an admission: the store's time, what usual grants have in common, and a verdict a message. In place of both it may be
 * `forgot`, or `policy` and the policy in force.
 */
export type AdmitReply = [now: string, usual: UsualGrant, ...verdicts: VerdictReply[]];
export type UsualGrant = [deadline: number, windowEnd: number];
/** Its kind, and what that kind tells. `usual`: a grant, the first of its message and without a wait. */
export type VerdictReply = (string | number)[];

/** The script tells usual grants in a row that are alike once, with their number. */
export function spelledOut(told: readonly unknown[]): AdmitReply {
  const reply: unknown[] = [];
  for (const each of told) {
    const count = Array.isArray(each) && each[0] === 'usual' ? Number(each[2]) : 1;
    for (let i = 0; i < count; i += 1) reply.push(each);
  }
  return reply as AdmitReply;
}

/** The position of the first verdict in an answer. */
export const FIRST_VERDICT = 2;

export const isVerdict = (answer: AdmitReply[number] | undefined, kind: string): answer is VerdictReply =>
  Array.isArray(answer) && answer[0] === kind;

/** Whether the answer has verdicts. It has none if the store does not know the epoch, or has another policy in force. */
export const tellsVerdicts = (reply: AdmitReply): boolean => typeof reply[1] !== 'string';

/** Whether the store's time has left the table of windows that the script was given. */
export const wantsWindows = (reply: AdmitReply): boolean =>
  reply.some((answer) => isVerdict(answer, 'windows'));

/**
 * Reads a verdict for each of the questions, in their order.
 * @param nonces of the questions
 * @param asked `epoch`: the one that they relied on; `momentIn`: as for `decodeVerdict`
 * @throws EpochLostError where the store does not know it
 */
export function decodeVerdicts(
  reply: AdmitReply,
  nonces: readonly string[],
  { epoch, momentIn }: { epoch: string | undefined; momentIn: (waitMs: number) => number },
): Verdict[] {
  const [now, instead, inForce] = reply as readonly unknown[];
  if (instead === 'forgot') throw new EpochLostError(epoch ?? '');
  if (instead === 'policy') return nonces.map(() => ({ kind: 'policy_changed', inForce: String(inForce) }));
  const answered = { now: Number(now), usual: reply[1], momentIn };
  return nonces.map((nonce, i) => decodeVerdict(verdictAt(reply, i), nonce, answered));
}

/** @param i the position of its question */
const verdictAt = (reply: AdmitReply, i: number): VerdictReply =>
  (reply[FIRST_VERDICT + i] as VerdictReply | undefined) ?? [];

/** What the verdicts of an answer have in common. */
interface Answered {
  /** When it was given, by the store's clock. */
  now: number;
  usual: UsualGrant;
  /** When a wait from then on is over, by the monotonic clock. */
  momentIn(waitMs: number): number;
}

/** Throws for an answer that the script cannot give: a bug, or a store that runs other scripts. */
function decodeVerdict(reply: VerdictReply, nonce: string, answered: Answered): Verdict {
  const [kind] = reply;
  if (kind === 'usual') return { kind: 'granted', grant: usualGrant(reply, nonce, answered) };
  if (kind === 'grant' || kind === 'ask')
    return { kind: 'granted', grant: decodeGrant(kind, reply, nonce, answered) };
  const values = reply.slice(1);
  const number = (i: number): number => Math.max(0, Number(values[i]));
  switch (kind) {
    case 'known':
      return { kind, final: finalOf(values), run: number(2), attempts: number(3) };
    case 'cancelled':
      return { kind, run: number(0), attempts: number(1) };
    case 'duplicate':
      return { kind, run: number(0) };
    case 'expired':
    case 'exhausted':
    case 'unconfirmed':
    case 'ineligible':
    case 'paused':
    case 'withdrawn':
      return { kind };
    case 'early':
      return { kind, at: number(0) };
    case 'quota':
    case 'boundary':
      return { kind, waitMs: number(0) };
    case 'busy':
      return { kind, waitMs: number(0), slot: values[1] === 1 };
    case 'resting':
      return { kind, reason: values[0] as RestReason, waitMs: number(1), cause: restCause(values) };
    case 'stopped':
      return { kind, reason: values[0] as StopReason };
    default:
      throw new Error(`The ledger answered an unknown verdict: ${JSON.stringify(reply)}`);
  }
}

const usualGrant = (
  [, born, , proves]: VerdictReply,
  nonce: string,
  { now, usual, momentIn }: Answered,
): Grant => ({
  kind: 'grant',
  nonce,
  run: 1,
  attempt: 1,
  spent: 1,
  waitMs: 0,
  moment: momentIn(0),
  leaseMs: usual[0] - now,
  doubt: false,
  born: String(born),
  deadlineAt: usual[0],
  doubtAt: 0,
  windowEnd: usual[1],
  notBefore: 0,
  keptMs: 0,
  refusalProves: proves === 1,
});

function decodeGrant(
  kind: Grant['kind'],
  reply: VerdictReply,
  nonce: string,
  { now, momentIn }: Answered,
): Grant {
  const [
    ,
    attempt,
    waitMs,
    run,
    born,
    deadline,
    window,
    waived = 0,
    proves = 0,
    doubtAt = 0,
    notBefore = 0,
    kept = 0,
  ] = reply;
  return {
    kind,
    nonce,
    run: Number(run),
    attempt: Number(attempt),
    spent: Number(attempt) - Number(waived),
    waitMs: Number(waitMs),
    moment: momentIn(Number(waitMs)),
    leaseMs: Number(deadline) - now,
    doubt: Number(doubtAt) > 0,
    born: String(born),
    deadlineAt: Number(deadline),
    doubtAt: Number(doubtAt),
    windowEnd: Number(window),
    notBefore: Number(notBefore),
    keptMs: Number(kept),
    refusalProves: proves === 1,
  };
}

/** The script marks the rests that its own rate makes. */
function restCause([reason, , own]: VerdictReply): RestCause {
  if (reason === 'breaker_open') return 'breaker';
  return own === 1 ? 'own_rate' : 'platform_rate';
}

function finalOf(values: VerdictReply) {
  const final = decodeFinal(String(values[0]), Number(values[1]));
  if (!final) throw new Error(`The ledger answered an unknown final state: ${JSON.stringify(values)}`);
  return final;
}
