import type { Installation } from '../src/channels/installation.ts';
import { openInstallation } from '../src/channels/installation.ts';
import type { Clock } from '../src/clock.ts';
import { platforms } from '../src/platforms/registry.ts';
import { byChannel, CHANNELS, type Channel } from './channels.ts';
import type { PlannedMessage } from './message-plan.ts';
import { produce } from './producers.ts';
import { sumOf } from './receipt-book.ts';
import type { Scene } from './scene.ts';
import type { News, Snapshot } from './snapshot.ts';
import { playTimeline } from './timeline.ts';
import { until } from './waiting.ts';
import { startWatch, type Watch } from './watch.ts';

/** The demo under way: what was enqueued, what is seen of it, and what happened. */
export interface Performance {
  readonly installation: Installation;
  readonly watch: Watch;
  /** Ids that were taken, by channel. */
  readonly enqueued: Readonly<Record<Channel, ReadonlySet<string>>>;
  snapshot(): Snapshot;
  /** Enqueues everything and plays the timeline; resolves when every message has its final state. */
  run(): Promise<void>;
  close(): Promise<void>;
}

export interface PerformanceOptions {
  scene: Scene;
  plan: readonly PlannedMessage[];
  clock: Clock;
  signal: AbortSignal;
  /** The latest attempt worth a word. */
  latest(): string;
}

/** Starts the workers and resolves when they deliver. */
export async function openPerformance(options: PerformanceOptions): Promise<Performance> {
  const { scene, plan, clock } = options;
  const closed = new AbortController();
  const signal = AbortSignal.any([options.signal, closed.signal]);
  const { sandbox, workers } = scene;
  for (const worker of workers) worker.start();
  await until(() => workers.every(({ state }) => state === 'delivering'), signal);
  const installation = await openInstallation({ redis: scene.redis.url, channels: [] }, { platforms, clock });
  const watch = startWatch(installation, { clock, signal });
  // Between two waits nobody listens to its end.
  watch.ended.catch(() => {});
  const startedAt = clock.monotonic();
  const elapsed = (): number => clock.monotonic() - startedAt;
  const enqueued = byChannel(() => new Set<string>());
  const news: News[] = [];

  return {
    installation,
    watch,
    enqueued,
    snapshot: () => ({
      elapsedMs: elapsed(),
      planned: plan.length,
      enqueued: CHANNELS.reduce((sum, channel) => sum + enqueued[channel].size, 0),
      tally: sumOf(CHANNELS.map((channel) => watch.books[channel].tally(1))),
      perSecond: watch.perSecond(),
      channels: watch.channels(),
      platforms: byChannel((channel) => sandbox.journal.report(channel)),
      workers,
      news,
      latest: options.latest(),
    }),
    async run() {
      const onQueued = ({ channel, id }: PlannedMessage): void => void enqueued[channel].add(id);
      const tell = (text: string): void => void news.push({ atMs: elapsed(), text });
      const flow = Promise.all([
        produce(plan, { redis: scene.redis.url, clock, signal, onQueued }),
        playTimeline({ sandbox, victim: workers[1]!, clock, signal, tell }),
      ]);
      await Promise.race([flow, watch.ended]);
      const missing = (): boolean =>
        CHANNELS.some((channel) => [...enqueued[channel]].some((id) => !watch.books[channel].has(id, 1)));
      await Promise.race([until(() => !missing(), signal), watch.ended]);
    },
    async close() {
      closed.abort();
      await watch.ended.catch(() => {});
      await installation.close();
    },
  };
}
