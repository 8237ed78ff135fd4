import type { Campaigns } from './campaigns.ts';
import type { Fleet } from './fleet.ts';
import type { LateArrivals } from './late-arrivals.ts';
import type { ManyTally } from './many.ts';
import type { ChaosOptions } from './options.ts';
import type { Pace } from './pace.ts';
import type { Platforms } from './platforms.ts';
import type { Orders } from './producer.ts';
import type { Rollouts } from './rollouts.ts';
import type { Link, Store } from './stores/store.ts';
import type { Undone } from './undone.ts';
import type { Waits } from './waits.ts';

export interface ExperimentContext {
  /** Where the workers write their logs. */
  logs: string;
  tell(line: string): void;
  signal: AbortSignal;
}

/** What a run consists of, from its start to its findings. */
export interface Run {
  options: ChaosOptions;
  context: ExperimentContext;
  store: Store;
  platforms: Platforms;
  fleet: Fleet;
  orders: Orders;
  campaigns: Campaigns;
  /** The producers' way to the store. */
  enqueueing: Link;
  rollouts: Rollouts;
  pace: Pick<Pace, 'mean'>;
  undone: Undone;
  waits: Waits;
  many: ManyTally;
  /** When each message was first picked up. */
  pickups: ReadonlyMap<string, number>;
  arrivals: Pick<LateArrivals, 'isLate'>;
  faults: Map<string, number>;
  /** Messages of the main part that are in the queues by now, in their order. */
  produced: number;
  /** What broke the promise and is of no one message. */
  complaints: string[];
  /** No worker was killed since, by the system's clock. */
  calmFrom?: number;
  /** Since the first message, milliseconds. */
  elapsed(): number;
  /** Ends early when the run is interrupted. */
  pause(ms: number): Promise<void>;
}
