import { HeraldError } from '../error.ts';
import { ACCOUNT_LEASE_MS, type Account, claimAccount } from '../ledger/account.ts';
import { inspectPolicy, type PolicyInForce, retireChannel } from '../ledger/policy-in-force.ts';
import { readPolicy, type SlotPolicy, shardsIn, takesOverAt } from '../policies/quota-change.ts';
import type { ChannelStore } from '../redis/channel-store.ts';
import { storeNames } from '../redis/shards.ts';
import type { Stores } from '../redis/stores.ts';

/** Another channel uses the same account: players would get a message from each. */
export class AccountTakenError extends HeraldError {
  override readonly name = 'AccountTakenError';
  readonly code = 'HERALD_ACCOUNT_TAKEN';
  constructor(channel: string, holder: string, why: string) {
    super(
      `channels.${channel}: has the same platform, base URL and account as channel ${holder}, ${why}: players could get ` +
        'a second message. Restore the name, or start the worker after that',
    );
  }
}

export interface AccountTaker {
  stores: Stores;
  account: Account;
  policy: SlotPolicy;
  /** Called when the other channel is retired, before the account moves: records that recent sends are not in this ledger. */
  beforeMove(): Promise<void>;
}

/**
 * Claims the account, or renews the claim. The account of another channel is taken over if no worker serves that channel
 * and none of its open windows has a message. That channel's admission script retires it, so that its workers are granted
 * nothing from then on, and nothing in between, although the keys of account and channel are in different hash slots.
 * @returns whether it was taken over from another channel, whose ledger has the recent sends
 * @throws AccountTakenError
 */
export async function takeAccount({ stores, account, policy, beforeMove }: AccountTaker): Promise<boolean> {
  const { channel } = account;
  const holder = await claimAccount(stores.directory, account);
  if (holder.channel === channel) return false;
  const refuse = (why: string): never => {
    throw new AccountTakenError(channel, holder.channel, why);
  };
  const served = `which a worker served within the last ${ACCOUNT_LEASE_MS / 1000} s`;
  if (holder.servedMs > 0) refuse(served);
  const others = await inspectAll(stores, holder.channel);
  for (const { seen } of others) {
    const at = takesOverAt(policy, readPolicy(seen.text ?? ''), seen.openUntil);
    if (at > seen.now) refuse(`whose messages count until ${new Date(at).toISOString()}`);
  }
  for (const { store, seen } of others) if (!(await retireChannel(store, channel, seen))) refuse(served);
  await beforeMove();
  const now = await claimAccount(stores.directory, account, holder.channel);
  if (now.channel !== channel) throw new AccountTakenError(channel, now.channel, served);
  return true;
}

interface Inspected {
  store: ChannelStore;
  seen: PolicyInForce;
}

/** The stores of a channel, as its home says. */
async function inspectAll(stores: Stores, channel: string): Promise<Inspected[]> {
  const inspect = async (name: string): Promise<Inspected> => {
    const store = stores.of(name);
    return { store, seen: await inspectPolicy(store) };
  };
  const home = await inspect(channel);
  const shards = shardsIn(home.seen.text ?? '');
  if (shards === undefined) return [home];
  // The home last: as long as it has its policy, whoever comes next finds the shards.
  return [...(await Promise.all(storeNames(channel, shards).map(inspect))), home];
}
