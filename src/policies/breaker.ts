export interface BreakerPolicy {
  /** Requests in a row without an answer that open it. */
  failures: number;
  restMs: number;
  capMs: number;
}

/**
 * How long the channel rests after a request without an answer; undefined while the breaker stays closed. Each opening
 * without a success in between doubles the rest, up to the cap.
 */
export function breakerRestMs(policy: BreakerPolicy, failures: number, opens: number): number | undefined {
  // Once the breaker has opened, one failed probe is enough to open it again.
  if (opens === 0 && failures < policy.failures) return undefined;
  return Math.min(policy.capMs, policy.restMs * 2 ** Math.min(opens, 30));
}
