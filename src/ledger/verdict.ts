import type { RestReason, StopReason } from '../outcome.ts';
import { EpochLostError } from './epoch.ts';
import { decodeFinal } from './reasons.ts';
import type { Grant, RestCause, Verdict } from './types.ts';

/**
 * The answer of the admission script: the store's time, then one verdict a message. In place of the verdicts it may be `forgot`, or
 * `policy` and the policy in force.
 */
export type AdmitReply = [now: string, ...verdicts: VerdictReply[]];
export type VerdictReply = (string | number)[];

/** Whether the store's time has left the table of windows that the script was given. */
export const wantsWindows = (reply: AdmitReply): boolean => reply.some((answer) => answer[0] === 'windows');

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
  const [now, ...verdicts] = reply;
  const [instead, inForce] = verdicts as readonly unknown[];
  if (instead === 'forgot') throw new EpochLostError(epoch ?? '');
  if (instead === 'policy') return nonces.map(() => ({ kind: 'policy_changed', inForce: String(inForce) }));
  return nonces.map((nonce, i) => decodeVerdict(verdicts[i] ?? [], nonce, Number(now), momentIn));
}

/**
 * Throws for an answer that the script cannot give: a bug, or a store that runs other scripts.
 * @param now when it was given, by the store's clock
 * @param momentIn when a wait from then on is over, by the monotonic clock
 */
export function decodeVerdict(
  reply: VerdictReply,
  nonce: string,
  now: number,
  momentIn: (waitMs: number) => number = () => 0,
): Verdict {
  const [kind] = reply;
  if (kind === 'grant' || kind === 'ask')
    return { kind: 'granted', grant: decodeGrant(kind, reply, { nonce, now, momentIn }) };
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

function decodeGrant(
  kind: Grant['kind'],
  reply: VerdictReply,
  { nonce, now, momentIn }: { nonce: string; now: number; momentIn: (waitMs: number) => number },
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
