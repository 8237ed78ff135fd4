import { type Account, claimAccount, holderOf, releaseAccount } from '../ledger/account.ts';
import { policyInForce } from '../ledger/policy-in-force.ts';
import type { Logger } from '../observe/log.ts';
import type { StopReason } from '../outcome.ts';
import { policyText, type SlotPolicy } from '../policies/quota-change.ts';
import type { ChannelStore } from '../redis/channel-store.ts';
import type { Stores } from '../redis/stores.ts';
import { AccountTakenError, takeAccount } from './account-claim.ts';
import { takePolicy } from './policy-change.ts';

/**
 * The right of this worker to serve its channel in one of the channel's stores. It has the right while its policy is the one in force, and its
 * channel holds the account. Another worker may change that at any time. This one notices with its next admission or renewal, and picks
 * up nothing until the right is restored.
 */
export interface ChannelLease {
  /**
   * Call at the start, and when the store may have lost it. Only a worker that starts puts its policy in force, or one whose store may
   * be of before that.
   * @param anew whether the server or its run is another one than at the last call
   * @throws QuotaChangedError, ShardsChangedError, AccountTakenError
   */
  acquire(anew: boolean): Promise<void>;
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
  /** The policy in force when this worker started, if its own replaced it. */
  let replaced: string | undefined;

  function stop(reason: Stopped['reason'], detail: string): void {
    if (stopped?.detail === detail) return;
    stopped = { reason, detail };
    logger.error(stopped, 'channel stopped in this worker: restart it with the current configuration');
    deps.onChange();
  }
  const superseded = (inForce: string): void =>
    stop('policy_changed', `the policy in force is ${inForce}, this worker has ${own}`);

  const accountTaken = (by: string): void =>
    stop('account_taken', `the account now belongs to channel ${by}`);

  /** A stopped worker only reads. If it renewed, and the store had lost the claim, it would take back what belongs to another channel. */
  async function recheckStopped(): Promise<void> {
    const [holder, text] = [await holderOf(directory, account), await policyInForce(store)];
    if (holder !== null && holder !== channel) return accountTaken(holder);
    if (text !== null && text !== own) return superseded(text);
    if (holder === null || text === null) return;
    stopped = undefined;
    logger.info('channel resumed in this worker: its policy is in force again');
    deps.onChange();
  }

  async function renewAccount(): Promise<void> {
    if (stopped) return;
    const holder = await claimAccount(directory, account);
    if (holder.channel !== channel) accountTaken(holder.channel);
  }

  async function renew(): Promise<void> {
    if (stopped) return await recheckStopped();
    await renewAccount();
    if (stopped) return;
    const text = await policyInForce(store);
    if (text === null) await takePolicy(deps, true);
    else if (text !== own) superseded(text);
  }

  /**
   * A failover to a replica that lagged may bring back the policy that this worker's own had replaced. No worker of that one is left to
   * deliver, so this worker would wait for ever.
   */
  async function replaceAgain(): Promise<void> {
    if (stopped || replaced === undefined) return;
    if ((await policyInForce(store)) === replaced) await takePolicy(deps, true);
  }

  return {
    async acquire(anew) {
      if (acquired) {
        if (anew) await replaceAgain();
        return await renew();
      }
      const before = await policyInForce(store);
      replaced = before === null || before === own ? undefined : before;
      const moved = await takeAccount({
        ...deps,
        async beforeMove() {
          for (const each of deps.all) await takePolicy({ ...deps, store: each }, true);
        },
      });
      await takePolicy(deps, moved);
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
