import { type ChannelStatus, readStatus } from '../src/admin/status.ts';
import type { Installation } from '../src/channels/installation.ts';
import type { Clock } from '../src/clock.ts';
import { byChannel, CHANNELS, type Channel } from './channels.ts';
import { openReceiptBook, type ReceiptBook } from './receipt-book.ts';
import { pauseFor } from './waiting.ts';

/** Looks at Redis four times a second, as an operator and an application would: status and receipts. */
export interface Watch {
  readonly books: Readonly<Record<Channel, ReceiptBook>>;
  /** The channels as they stood last. */
  channels(): readonly ChannelStatus[];
  /** Final states of first runs a second, over the last seconds. */
  perSecond(): number;
  /** Ends with the signal's reason, or with the error that ended the looking. */
  readonly ended: Promise<never>;
}

const LOOK_EVERY_MS = 250;
const RATE_OVER_MS = 2_000;

export function startWatch(
  installation: Installation,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Watch {
  const books = byChannel((channel) => openReceiptBook(installation.redis, channel));
  let channels: readonly ChannelStatus[] = [];
  let seen: { at: number; finals: number }[] = [];

  async function look(): Promise<void> {
    await Promise.all(CHANNELS.map((channel) => books[channel].update()));
    channels = await readStatus(installation, CHANNELS);
    const at = clock.monotonic();
    const finals = CHANNELS.reduce((sum, channel) => sum + books[channel].tally(1).finals, 0);
    seen = [...seen.filter((one) => one.at >= at - RATE_OVER_MS), { at, finals }];
  }

  async function keepLooking(): Promise<never> {
    for (;;) {
      await look();
      await pauseFor(LOOK_EVERY_MS, signal);
    }
  }

  return {
    books,
    channels: () => channels,
    perSecond() {
      const [first, last] = [seen.at(0), seen.at(-1)];
      if (!first || !last || last.at === first.at) return 0;
      return ((last.finals - first.finals) * 1000) / (last.at - first.at);
    },
    ended: keepLooking(),
  };
}
