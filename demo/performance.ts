import { setTimeout as pause } from 'node:timers/promises';
import { createProducer, replayDeadLetters } from '../src/app.ts';
import type { Clock } from '../src/clock.ts';
import { followReceipts } from '../src/receipts/follow.ts';
import type { Receipt } from '../src/receipts/receipts.ts';
import { byChannel, CHANNELS, type Channel } from './channels.ts';
import type { DemoEnvironment } from './environment.ts';
import { mendablePlayers, type PlannedMessage, planMessages } from './message-plan.ts';
import { tallyOf } from './tally.ts';
import { playTimeline } from './timeline.ts';
import { judge, type Verdict } from './verdict.ts';
import type { News, Snapshot } from './view.ts';

/** Runs the demo: enqueues its plan, plays the timeline, fixes the cause of dead letters, and follows the receipts as an application would. */
export interface Performance {
  snapshot(): Snapshot;
  /**
   * Resolves when every message has its final state, and so has what was replayed.
   * @throws AbortError at the signal
   */
  play(): Promise<void>;
  verdicts(): Record<Channel, Verdict>;
}

const TICK_MS = 50;
const REASON = 'bad_recipient';
const REPLAY_COMMAND = `herald dead replay --channel kongregate --reason ${REASON} --yes`;

export function createPerformance(
  env: DemoEnvironment,
  clock: Clock,
  interruption: AbortSignal,
): Performance {
  const { sandbox, workers } = env;
  const redis = env.server.url;
  const plan = planMessages();
  const over = new AbortController();
  const signal = AbortSignal.any([interruption, over.signal]);
  const startedAt = clock.monotonic();
  const enqueued = byChannel(() => new Set<string>());
  const receipts = byChannel((): Receipt[] => []);
  const news: News[] = [];
  let replayed = 0;
  const elapsed = (): number => clock.monotonic() - startedAt;
  const print = (text: string): void => void news.push({ atMs: elapsed(), text });
  const idsOf = (channel: Channel, run: number): Set<string> =>
    new Set(receipts[channel].filter((receipt) => receipt.run === run).map(({ id }) => id));
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await pause(TICK_MS, undefined, { signal });
  };

  /** Enqueues each message at its moment. */
  async function produce(share: readonly PlannedMessage[]): Promise<void> {
    const producer = createProducer({ redis, channels: CHANNELS });
    const begunAt = clock.monotonic();
    try {
      for (let next = 0; next < share.length; ) {
        const due = share.slice(next).filter(({ atMs }) => atMs <= clock.monotonic() - begunAt);
        next += due.length;
        await producer.sendMany(
          due.map(({ message }) => message),
          {
            onResult: ({ status, index, id }) =>
              void (status === 'queued' && enqueued[due[index]!.channel].add(id)),
          },
        );
        await pause(TICK_MS, undefined, { signal });
      }
    } finally {
      await producer.close();
    }
  }

  async function follow(): Promise<void> {
    for await (const receipt of followReceipts({ redis, channels: CHANNELS, from: 'start', signal }))
      receipts[receipt.channel as Channel].push(receipt);
  }

  /** Makes half of the unknown players known, and replays every dead letter that has this reason. */
  async function mendAndReplay(): Promise<void> {
    const players = mendablePlayers();
    sandbox.kongregate.players.set(...players.map((userId) => ({ userId, state: 'played' as const })));
    print(`${players.length} of the unknown players turn out to exist:`);
    print(REPLAY_COMMAND);
    const replay = await replayDeadLetters({ redis, channels: ['kongregate'], reasons: [REASON], signal });
    replayed = replay.replayed + replay.failed;
    await until(() => idsOf('kongregate', 2).size >= replayed);
  }

  async function run(): Promise<void> {
    for (const worker of workers) worker.start();
    await until(() => workers.every(({ state }) => state === 'delivering'));
    // Alternately, so that two messages of the same instant come from both producers.
    const shares = [0, 1].map((turn) => plan.filter((_, i) => i % 2 === turn));
    await Promise.all([
      ...shares.map(produce),
      playTimeline({ sandbox, victim: workers[1], clock, signal, print }),
    ]);
    await until(() => CHANNELS.every((channel) => idsOf(channel, 1).size >= enqueued[channel].size));
    await mendAndReplay();
  }

  return {
    snapshot: () => ({
      elapsedMs: elapsed(),
      planned: plan.length,
      begun: CHANNELS.reduce((sum, channel) => sum + enqueued[channel].size, replayed),
      tally: tallyOf(CHANNELS.flatMap((channel) => receipts[channel])),
      platforms: byChannel((channel) => sandbox.journal.report(channel)),
      ...{ workers, news },
    }),
    async play() {
      const [following, running] = [follow(), run()];
      await Promise.race([running, following]).finally(async () => {
        over.abort();
        await Promise.allSettled([running, following]);
      });
      interruption.throwIfAborted();
    },
    verdicts: () =>
      byChannel((channel) =>
        judge(channel, {
          enqueued: enqueued[channel],
          replayed: channel === 'kongregate' ? replayed : 0,
          receipts: receipts[channel],
          report: sandbox.journal.report(channel),
        }),
      ),
  };
}
