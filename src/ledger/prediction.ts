import type { ChannelStore } from '../redis/channel-store.ts';
import { admissionEntries } from './ledger.ts';
import { newNonce } from './names.ts';
import { policyInForce } from './policy-in-force.ts';
import { loadScript } from './script.ts';
import type { LedgerMessage, Verdict } from './types.ts';
import { decodeVerdicts, spelledOut } from './verdict.ts';

/** The admission script itself, behind one that lets it write nothing: so a prediction cannot drift from what admission does. */
const predictScript = loadScript('admit.lua', 'dry-run.lua');

/**
 * What admission would answer at an instant to come, by what the ledger knows now, and as if neither stop, rest nor rate held the
 * channel. Changes nothing.
 * @param policy of the channel, with the windows around that instant
 * @param at milliseconds since the epoch by the store's clock
 */
export async function predictVerdict(
  store: ChannelStore,
  { message, policy, at }: { message: LedgerMessage; policy: object; at: number },
): Promise<Verdict> {
  const [verdict] = await predictVerdicts(store, { messages: [message], policy, at });
  return verdict!;
}

/**
 * The same for several messages of different recipients, in their order: each as if it were the only one.
 * @param despitePause as if their campaign were not paused
 */
export async function predictVerdicts(
  store: ChannelStore,
  {
    messages,
    despitePause,
    ...asked
  }: { messages: readonly LedgerMessage[]; policy: object; at: number; despitePause?: boolean },
): Promise<Verdict[]> {
  const { policy, at } = asked;
  const nonce = newNonce();
  const entries = admissionEntries(messages.map((message) => ({ message, nonce })));
  // A policy that is not in force holds the whole channel, as a stop does: it is reported apart, and not considered here. The
  // rate is left out for the same reason, also that of the messages before.
  const asInForce = {
    ...policy,
    despitePause,
    interval: undefined,
    inForce: (await policyInForce(store)) ?? '',
  };
  const args = [JSON.stringify(asInForce), entries, '', String(at)];
  const reply = spelledOut((await store.run(predictScript, args)) as unknown[]);
  const nonces = messages.map(() => nonce);
  return decodeVerdicts(reply, nonces, { epoch: undefined, momentIn: () => 0 });
}
