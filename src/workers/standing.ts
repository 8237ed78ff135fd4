import { type Account, claimAccount, holderOf, releaseAccount } from '../ledger/account.ts';
import { policyInForce } from '../ledger/policy-in-force.ts';
import type { Logger } from '../observe/log.ts';
import type { StopReason } from '../outcome.ts';
import { policyText, type SlotPolicy } from '../policies/quota-change.ts';
import type { ChannelStore } from '../redis/channel-store.ts';
import { AccountTakenError, takeAccount } from './account-claim.ts';
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
  /** Renews the lease on the account and checks whether the channel may be served. */
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
  store: ChannelStore;
  account: Account;
  policy: SlotPolicy;
  platformDayMs: number;
  logger: Logger;
  /** Called where `stopped` has another answer than before. */
  onChange(): void;
}

export function createStanding(deps: StandingDeps): Standing {
  const { store, account, logger } = deps;
  const { redis } = store;
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
    stop('policy_changed', `the policy in force is ${inForce}, this worker has ${own}`);

  const ousted = (by: string): void => stop('account_taken', `the account now belongs to channel ${by}`);

  /** A worker that is stopped only looks: in a store that forgot it would take over what it lost to another. */
  async function reviewStopped(): Promise<void> {
    const [holder, text] = [await holderOf(redis, account), await policyInForce(store)];
    if (holder !== null && holder !== channel) return ousted(holder);
    if (text !== null && text !== own) return superseded(text);
    if (holder === null || text === null) return;
    stopped = undefined;
    logger.info('channel resumed in this worker: its policy is in force again');
    deps.onChange();
  }

  async function review(): Promise<void> {
    if (stopped) return await reviewStopped();
    const holder = await claimAccount(redis, account);
    if (holder.channel !== channel) return ousted(holder.channel);
    const text = await policyInForce(store);
    if (text === null) await takePolicy(deps, true);
    else if (text !== own) superseded(text);
  }

  return {
    async take() {
      if (taken) return await review();
      const moved = await takeAccount({ ...deps, beforeMove: () => takePolicy(deps, true) });
      await takePolicy(deps, moved);
      // It may have been taken while this one stood still for longer than its lease.
      const holder = await claimAccount(redis, account);
      if (holder.channel !== channel)
        throw new AccountTakenError(channel, holder.channel, 'which took it meanwhile');
      taken = true;
    },
    superseded,
    review,
    stopped: () => stopped,
    async release() {
      // If the store is unreachable by now, the lease expires.
      if (taken && !stopped) await releaseAccount(redis, account).catch(() => {});
    },
  };
}
