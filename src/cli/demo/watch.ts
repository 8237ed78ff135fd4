import type { Clock } from '../../clock.ts';
import type { Installation } from '../../operate/installation.ts';
import { type ChannelStatus, readStatus } from '../../operate/status.ts';
import { openReceiptBook, type ReceiptBook } from './receipt-book.ts';
import { pauseFor } from './waiting.ts';

/** Looks at Redis four times a second, as an operator and an application would: status and receipts. */
export interface Watch {
  readonly book: ReceiptBook;
  /** The channel as it stood last. */
  channel(): ChannelStatus | undefined;
  /** Final states of first runs a second, over the last seconds. */
  perSecond(): number;
  /** Ends with the signal's reason, or with the error that ended the looking. */
  readonly ended: Promise<never>;
}

const LOOK_EVERY_MS = 250;
const RATE_OVER_MS = 2_000;

export function startWatch(
  installation: Installation,
  channelName: string,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Watch {
  const book = openReceiptBook(installation.redis, channelName);
  let channel: ChannelStatus | undefined;
  let seen: { at: number; finals: number }[] = [];

  async function look(): Promise<void> {
    await book.update();
    [channel] = await readStatus(installation, [channelName]);
    const at = clock.monotonic();
    seen = [...seen.filter((one) => one.at >= at - RATE_OVER_MS), { at, finals: book.tally(1).finals }];
  }

  async function keepLooking(): Promise<never> {
    for (;;) {
      await look();
      await pauseFor(LOOK_EVERY_MS, signal);
    }
  }

  return {
    book,
    channel: () => channel,
    perSecond() {
      const [first, last] = [seen.at(0), seen.at(-1)];
      if (!first || !last || last.at === first.at) return 0;
      return ((last.finals - first.finals) * 1000) / (last.at - first.at);
    },
    ended: keepLooking(),
  };
}
