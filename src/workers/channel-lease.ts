import { type Account, claimAccount, holderOf, releaseAccount } from '../ledger/account.ts';
import { inspectPolicy, type PolicyInForce, policyInForce } from '../ledger/policy-in-force.ts';
import type { Logger } from '../observe/log.ts';
import type { StopReason } from '../outcome.ts';
import { policyText, type SlotPolicy } from '../policies/quota-change.ts';
import type { ChannelStore } from '../redis/channel-store.ts';
import type { Stores } from '../redis/stores.ts';
import { AccountTakenError, takeAccount } from './account-claim.ts';
import { QuotaChangedError, takePolicy, takePolicyAgain } from './policy-change.ts';

/**
 * The right of this worker to serve its channel in one of the channel's stores. It has the right while its policy is the one in force, and its
 * channel holds the account. Another worker may change that at any time. This one notices with its next admission or renewal, and picks
 * up nothing until the right is restored.
 */
export interface ChannelLease {
  /**
   * Call at the start, and when the store may have lost it. Only a worker that starts puts its policy in force, or one whose store has
   * forgotten that it was.
   * @throws QuotaChangedError, ShardsChangedError, AccountTakenError
   */
  acquire(): Promise<void>;
  /** Call when an admission finds this other policy in force. */
  superseded(inForce: string): void;
  /** Renews the lease of the account, and checks whether the right still holds. */
  renew(): Promise<void>;
  /** Only the part of `renew` that concerns the directory: call when the directory alone may have lost the claim. */
  renewAccount(): Promise<void>;
  /** Why this worker picks up nothing, if it is stopped. */
  stopped(): Stopped | undefined;
  /** Call when the worker closes. */
  release(): Promise<void>;
}

export interface Stopped {
  reason: Extract<StopReason, 'policy_changed' | 'account_taken'>;
  detail: string;
}

export interface ChannelLeaseDeps {
  stores: Stores;
  account: Account;
  /** The store that it is for; `all` are those of the channel. */
  store: ChannelStore;
  all: readonly ChannelStore[];
  policy: SlotPolicy;
  platformDayMs: number;
  logger: Logger;
  /** Called when the result of `stopped` changes. */
  onChange(): void;
}

export function createChannelLease(deps: ChannelLeaseDeps): ChannelLease {
  const { store, account, logger } = deps;
  const { directory } = deps.stores;
  const own = policyText(deps.policy);
  const { channel } = account;
  let acquired = false;
  let stopped: Stopped | undefined;
  /** Since when the policy of this worker is in force, as far as it knows; 0 once another one has replaced it. */
  let inForceSince = 0;

  function stop(reason: Stopped['reason'], detail: string): void {
    if (stopped?.detail === detail) return;
    stopped = { reason, detail };
    logger.error(stopped, 'channel stopped in this worker: restart it with the current configuration');
    deps.onChange();
  }
  function goOn(): void {
    if (!stopped) return;
    stopped = undefined;
    logger.info('channel resumed in this worker: its policy is in force again');
    deps.onChange();
  }
  const superseded = (inForce: string): void =>
    stop('policy_changed', `the policy in force is ${inForce}, this worker has ${own}`);
  const accountTaken = (by: string): void =>
    stop('account_taken', `the account now belongs to channel ${by}`);

  /** A stopped worker only reads. If it renewed, and the store had lost the claim, it would take back what belongs to another channel. */
  async function recheckStopped(): Promise<void> {
    const holder = await holderOf(directory, account);
    if (holder === null) return;
    if (holder !== channel && !(await takeAccountAgain())) return accountTaken(holder);
    const seen = await inspectPolicy(store);
    if (seen.text !== undefined) await goBy(seen, seen.text);
  }

  async function renewAccount(): Promise<void> {
    if (stopped) return;
    const holder = await claimAccount(directory, account);
    if (holder.channel !== channel && !(await takeAccountAgain())) accountTaken(holder.channel);
  }

  async function renew(): Promise<void> {
    if (stopped) return await recheckStopped();
    await renewAccount();
    if (stopped) return;
    const seen = await inspectPolicy(store);
    if (seen.text === undefined) await putInForce(true);
    else await goBy(seen, seen.text);
  }

  async function putInForce(unknown: boolean): Promise<void> {
    inForceSince = await takePolicy(deps, unknown);
  }

  async function goBy(seen: PolicyInForce, text: string): Promise<void> {
    if (text === own) {
      inForceSince = seen.since;
      return goOn();
    }
    // The change to this worker's own was lost, in a failover to a replica that lagged.
    if (seen.since < inForceSince) return await replaceAgain(seen, text);
    inForceSince = 0;
    superseded(text);
  }

  /** Every worker of a policy that only the store has forgotten does so: whoever changed it may have ended since, and all would wait for ever. */
  async function replaceAgain(seen: PolicyInForce, text: string): Promise<void> {
    try {
      const since = await takePolicyAgain(deps, seen);
      if (since === undefined) return await renew();
      inForceSince = since;
      logger.warn({ policy: own, instead_of: text }, 'redis failover: put the policy in force again');
      goOn();
    } catch (error) {
      if (!(error instanceof QuotaChangedError)) throw error;
      // A worker of the earlier one was faster, and its windows are open. Tried again until they are not.
      superseded(text);
    }
  }

  /**
   * Takes the account back from a channel that had it before, where the directory has forgotten the change. Whoever took it from this
   * channel had ended this channel first.
   */
  async function takeAccountAgain(): Promise<boolean> {
    if ((await policyInForce(store)) !== own) return false;
    try {
      return await takeAccount({ ...deps, beforeMove: async () => {} });
    } catch (error) {
      if (error instanceof AccountTakenError) return false;
      throw error;
    }
  }

  return {
    async acquire() {
      if (acquired) return await renew();
      const moved = await takeAccount({
        ...deps,
        async beforeMove() {
          for (const each of deps.all) await takePolicy({ ...deps, store: each }, true);
        },
      });
      await putInForce(moved);
      // Another channel may have claimed the account while this process was suspended for longer than its lease.
      const holder = await claimAccount(directory, account);
      if (holder.channel !== channel)
        throw new AccountTakenError(channel, holder.channel, 'which took it meanwhile');
      acquired = true;
    },
    superseded,
    renew,
    renewAccount,
    stopped: () => stopped,
    async release() {
      // If the store is unreachable by now, the lease expires.
      if (acquired && !stopped) await releaseAccount(directory, account).catch(() => {});
    },
  };
}
