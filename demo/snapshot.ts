import type { ChannelStatus } from '../src/admin/status.ts';
import type { SandboxReport } from '../src/sandbox/journal.ts';
import type { Channel } from './channels.ts';
import type { RunTally } from './receipt-book.ts';
import type { WorkerState } from './worker-process.ts';

/** What the live view shows at one moment. */
export interface Snapshot {
  elapsedMs: number;
  /** How many messages the demo will enqueue. */
  planned: number;
  enqueued: number;
  /** Final states of the first runs, on all platforms. */
  tally: RunTally;
  /** Final states a second, lately. */
  perSecond: number;
  /** As they stood last; none before the first look. */
  channels: readonly Pick<ChannelStatus, 'channel' | 'queue' | 'resting' | 'stopped'>[];
  platforms: Readonly<Record<Channel, SandboxReport>>;
  workers: readonly { name: string; pid: number | undefined; state: WorkerState; attempts: number }[];
  /** What happened, oldest first. */
  news: readonly News[];
  /** The latest attempt that did not simply succeed. */
  latest: string;
}

export interface News {
  atMs: number;
  text: string;
}
