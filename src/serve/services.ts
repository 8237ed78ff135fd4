import type { Logger } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';

/** What a process does besides its channels and its probes: serve an address of its own, or post receipts. */
export interface Service {
  /** Does not wait for Redis. Resolves once it listens, if it does; rejects if the address cannot be taken. */
  start(): Promise<void>;
  /** Starts nothing new, waits at most so long for what is in flight, then ends the rest. May be called without a start. */
  close(withinMs: number): Promise<void>;
}

/** Makes the services of a process; nothing connects before they start. */
export type OpenServices = (host: { metrics: Metrics; logger: Logger }) => readonly Service[];
