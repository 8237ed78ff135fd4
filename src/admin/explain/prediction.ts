import type { OperatedStore } from '../../channels/installation.ts';
import type { Delivery } from '../../jobs/envelope.ts';
import { predictVerdict } from '../../ledger/prediction.ts';
import type { LedgerMessage, Verdict } from '../../ledger/types.ts';
import type { FinalState } from '../../outcome.ts';
import { planVerdict } from '../../policies/verdict-plan.ts';

/** What admission and the policies would decide on a message at an instant, given the present state. */
export interface Prediction {
  /** Milliseconds since the epoch by the store's clock. */
  at: number;
  /** The verdict of admission. `ask`: the platform is asked whether an attempt in doubt arrived. */
  verdict: Exclude<Verdict['kind'], 'granted'> | 'send' | 'ask';
  /** The final state, if the run ends. */
  final: FinalState | null;
  /** Until when it waits, if it does. */
  until: number | null;
}

export interface PredictedMessage {
  ledger: LedgerMessage;
  onQuota: 'drop' | 'defer';
  expiresAt: number;
}

export const toPredict = ({ ledger, message, expiresAt }: Delivery): PredictedMessage => ({
  ledger,
  expiresAt,
  onQuota: message.onQuota ?? 'drop',
});

/** @returns undefined if the policy of the channel is unknown, because an older worker announced it */
export async function predict(
  channel: OperatedStore,
  { ledger, onQuota, expiresAt }: PredictedMessage,
  at: number,
): Promise<Prediction | undefined> {
  const policy = channel.policyAround?.(at);
  if (!policy) return undefined;
  const verdict = await predictVerdict(channel.store, { message: ledger, policy, at });
  return predictionOf(verdict, { onQuota, expiresAt }, at);
}

/** What a verdict of admission at that instant would lead to. */
export function predictionOf(
  verdict: Verdict,
  { onQuota, expiresAt }: Pick<PredictedMessage, 'onQuota' | 'expiresAt'>,
  at: number,
): Prediction {
  if (verdict.kind === 'granted') {
    return { at, verdict: verdict.grant.kind === 'ask' ? 'ask' : 'send', final: null, until: null };
  }
  const plan = planVerdict(verdict, { onQuota, expiresInMs: expiresAt - at, pickups: 1, random: () => 0 });
  const ended = plan.next.kind === 'complete' || plan.next.kind === 'dead';
  const until = ended ? null : waitsUntil(verdict, at);
  return { at, verdict: verdict.kind, final: plan.final ?? finalOf(plan.next), until };
}

function waitsUntil(verdict: Verdict, at: number): number | null {
  if (verdict.kind === 'early') return verdict.at;
  return 'waitMs' in verdict ? at + verdict.waitMs : null;
}

const finalOf = (next: ReturnType<typeof planVerdict>['next']): FinalState | null => {
  if (next.kind === 'complete') return next.final;
  return next.kind === 'dead' ? { state: 'dead', reason: next.reason } : null;
};
