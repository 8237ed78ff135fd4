import type { Logger } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';

/** What a process does beside its channels and its probes: it serves an address of its own, or posts receipts. */
export interface Service {
  /** Does not wait for Redis. Resolves once it listens, where it does; rejects when the address cannot be taken. */
  start(): Promise<void>;
  /** Takes nothing more, lets what is under way end within the time, and ends the rest. May be called without a start. */
  close(withinMs: number): Promise<void>;
}

/** Makes the services of a process of what it has; nothing connects before they start. */
export type OpenServices = (host: { metrics: Metrics; logger: Logger }) => readonly Service[];
