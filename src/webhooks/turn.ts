import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import type { WebhookConfig } from '../config/webhooks.ts';
import type { WebhookMetrics } from '../observe/webhook-metrics.ts';
import { createProgress, type Progress } from './progress.ts';
import { type EndpointRecord, LEASE_MS, type Standing } from './record.ts';

/** The time during which this process posts to an endpoint: it keeps the lease and stores the positions. */
export interface Turn {
  progressOf(channel: string): Progress;
  /** Call when a channel's progress changed: it is stored at once, together with what changes until Redis has answered. */
  changed(channel: string): void;
  /** As `changed`, but the change may wait until the lease is renewed. */
  passed(channel: string): void;
  /** Nothing is sent to the endpoint for this long, milliseconds. */
  rests(ms: number): void;
  /** Whether the lease outlasts a request that is sent now. */
  mayPost(): boolean;
  /** Aborts when the turn is over: the lease is lost, the endpoint answered 410, or `end` was called. */
  readonly over: AbortSignal;
  /** Aborts when another process may have the lease. */
  readonly lost: AbortSignal;
  /** The endpoint answered 410. */
  gone(): void;
  end(): void;
  /** Stores what is not stored yet and releases the lease; call once nothing is in flight. */
  finish(): Promise<void>;
}

export interface TurnDeps {
  record: EndpointRecord;
  clock: Clock;
  metrics: WebhookMetrics;
  everyMs: number;
  onError(error: unknown): void;
}

const AGAIN_MS = 1_000;

/** @param takenAt when the lease was requested, by the monotonic clock */
export function beginTurn(
  { name, timeoutMs }: WebhookConfig,
  { positions }: Standing,
  takenAt: number,
  { record, clock, metrics, everyMs, onError }: TurnDeps,
): Turn {
  const progress = new Map([...positions].map(([channel, position]) => [channel, createProgress(position)]));
  const over = new AbortController();
  const lost = new AbortController();
  const dirty = new Set<string>();
  const stale = new Set<string>();
  let restUntil: number | undefined;
  let leaseEnds = takenAt + LEASE_MS;
  let goneAt: number | undefined;
  let wake = (): void => {};

  async function write(): Promise<void> {
    const channels = [...new Set([...dirty, ...stale])];
    dirty.clear();
    stale.clear();
    const askedAt = clock.monotonic();
    try {
      const changes = channels.map((channel) => [channel, progress.get(channel)!.position()] as const);
      const ours = await record.keep(new Map(changes), { gone: goneAt, rest: restUntil });
      if (ours) leaseEnds = askedAt + LEASE_MS;
      else lost.abort();
    } catch (error) {
      for (const channel of channels) dirty.add(channel);
      throw error;
    }
  }
  function showLag(): void {
    const instants = [...progress.values()].map((each) => each.oldest()).filter((at) => at !== undefined);
    metrics.lag(name, instants.length === 0 ? 0 : Math.max(0, clock.now() - Math.min(...instants)) / 1000);
  }
  /** Resolves at the next change, at the latest when the lease has to be renewed. */
  const nextWrite = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, everyMs).unref();
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (dirty.size > 0 || over.signal.aborted) wake();
    });
  async function keep(): Promise<void> {
    while (!over.signal.aborted) {
      showLag();
      await nextWrite();
      await write().catch(async (error: unknown) => {
        onError(error);
        await pause(AGAIN_MS, undefined, { ref: false });
      });
      if (lost.signal.aborted) over.abort();
    }
  }
  const keeping = keep();
  over.signal.addEventListener('abort', () => wake(), { once: true });

  return {
    progressOf: (channel) => progress.get(channel)!,
    changed(channel) {
      dirty.add(channel);
      wake();
    },
    passed: (channel) => void stale.add(channel),
    rests(ms) {
      const until = clock.now() + ms;
      // The rest is measured by another clock, so its end moves a little.
      const isSame = Math.abs(until - (restUntil ?? 0)) < AGAIN_MS;
      if (ms <= 0 || isSame) return;
      restUntil = until;
      wake();
    },
    mayPost: () => !lost.signal.aborted && clock.monotonic() + timeoutMs < leaseEnds,
    over: over.signal,
    lost: lost.signal,
    gone() {
      goneAt ??= clock.now();
      over.abort();
    },
    end: () => over.abort(),
    async finish() {
      over.abort();
      metrics.lag(name, undefined);
      await keeping;
      if (lost.signal.aborted) return;
      await write();
      await record.release();
    },
  };
}
