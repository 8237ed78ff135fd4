import type { Redis } from 'ioredis';
import { type Account, claimAccount, releaseAccount } from '../ledger/account.ts';
import { policyInForce } from '../ledger/policy-in-force.ts';
import type { Logger } from '../observe/log.ts';
import type { StopReason } from '../outcome.ts';
import { policyText, type SlotPolicy } from '../policies/quota-change.ts';
import { takeAccount } from './account-claim.ts';
import { takePolicy } from './policy-change.ts';

/**
 * Whether this worker may serve its channel: its policy is the one in force, and the account is its channel's. Another
 * worker may change that while this one runs; it learns so with its next admission or its next review, and takes nothing
 * until it is as before.
 */
export interface Standing {
  /**
   * At the start, and where the store may have lost it. Only a worker that starts puts its policy in force.
   * @throws QuotaChangedError, AccountTakenError
   */
  take(): Promise<void>;
  /** An admission met this policy in force. */
  superseded(inForce: string): void;
  /** Says that the channel is served, and looks whether it may be. */
  review(): Promise<void>;
  /** Why this worker takes nothing. */
  stopped(): Stopped | undefined;
  /** This worker ends. */
  release(): Promise<void>;
}

export interface Stopped {
  reason: Extract<StopReason, 'policy_changed' | 'account_taken'>;
  detail: string;
}

export interface StandingDeps {
  redis: Redis;
  base: string;
  account: Account;
  policy: SlotPolicy;
  platformDayMs: number;
  baseOf(channel: string): string;
  logger: Logger;
  /** Called where `stopped` has another answer than before. */
  onChange(): void;
}

export function createStanding(deps: StandingDeps): Standing {
  const { redis, base, account, logger } = deps;
  const own = policyText(deps.policy);
  const { channel } = account;
  let taken = false;
  let stopped: Stopped | undefined;

  function stop(reason: Stopped['reason'], detail: string): void {
    if (stopped?.detail === detail) return;
    stopped = { reason, detail };
    logger.error(stopped, 'channel stopped in this worker: restart it with the current configuration');
    deps.onChange();
  }
  const superseded = (inForce: string): void =>
    stop('policy_changed', `the policy in force is ${inForce}, and this worker has ${own}`);

  async function review(): Promise<void> {
    const holder = await claimAccount(redis, account);
    if (holder.channel !== channel) {
      return stop('account_taken', `the account belongs to channel ${holder.channel} now`);
    }
    const text = await policyInForce(redis, base);
    if (text === null) await takePolicy({ ...deps, channel }, true);
    else if (text !== own) return superseded(text);
    if (!stopped) return;
    stopped = undefined;
    logger.info('channel resumed in this worker: its policy is in force again');
    deps.onChange();
  }

  return {
    async take() {
      if (taken) return await review();
      const moved = await takeAccount(deps);
      await takePolicy({ ...deps, channel }, moved);
      taken = true;
    },
    superseded,
    review,
    stopped: () => stopped,
    async release() {
      // Where the store is away by now, the lease ends by itself.
      if (taken && !stopped) await releaseAccount(redis, account).catch(() => {});
    },
  };
}
