import { iterateReceipts, type Receipt } from '../src/receipts/receipts.ts';
import type { SandboxCall } from '../src/sandbox/index.ts';
import type { History, Times } from './breach.ts';
import { CHANNELS, type Channel, storesOf } from './channels.ts';
import { deadLettersOf } from './dead-letters.ts';
import { type Forgetting, unforgotten } from './forgetting.ts';
import { idOf } from './message-ids.ts';
import type { Platforms } from './platforms.ts';
import type { Store } from './stores/store.ts';

export interface Gathered {
  /** `<channel> <message>` of whatever Redis acknowledged. */
  acknowledged: ReadonlySet<string>;
  /** When the messages may go and end, by id. */
  times: ReadonlyMap<string, Times>;
  /** What the store was made to forget: it was written down. */
  forgettings: readonly Forgetting[];
  controls: History['controls'];
  pickups: History['pickups'];
  campaigns: History['campaigns'];
}

/** Collects what is checked: Herald's receipts, and the calls as the simulated platforms wrote them down. */
export async function gather(
  store: Pick<Store, 'of'>,
  { sandboxes }: Platforms,
  { acknowledged, forgettings, ...known }: Gathered,
): Promise<History[]> {
  return await Promise.all(
    CHANNELS.map(async (channel) => {
      const kept: Receipt[] = [];
      for (const name of storesOf(channel))
        for await (const receipt of iterateReceipts(store.of(name), name)) kept.push(receipt);
      const own = `${channel.name} `;
      const ids = [...acknowledged].filter((key) => key.startsWith(own)).map((key) => key.slice(own.length));
      const calls = callsOf(channel, sandboxes);
      const ended = unforgotten(channel, forgettings, {
        receipts: kept,
        deadLetters: await deadLettersOf(channel, store),
      });
      return { ...known, channel, ...ended, calls, acknowledged: new Set(ids) };
    }),
  );
}

/** Calls that belong to no channel: of no message, or of one that has no business with this platform. */
export const strays = ({ sandboxes }: Platforms): SandboxCall[] =>
  Object.entries(sandboxes).flatMap(([platform, { journal }]) => {
    const channels = CHANNELS.filter((channel) => channel.platform === platform);
    return journal.calls().filter((call) => !channels.some(({ name }) => idOf(call)?.startsWith(`${name}-`)));
  });

/** Several channels share a simulated platform: a message's text tells whose it is. */
const callsOf = (channel: Channel, sandboxes: Platforms['sandboxes']): SandboxCall[] =>
  sandboxes[channel.platform].journal
    .calls()
    .filter((call) => idOf(call)?.startsWith(`${channel.name}-`) ?? false);
