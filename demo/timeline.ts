import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../src/clock.ts';
import type { Fault, Sandbox } from '../src/sandbox/index.ts';
import { CHANNELS } from './channels.ts';
import type { DemoWorker } from './environment.ts';
import { ENQUEUE_MS, KILL_AT_MS } from './message-plan.ts';

/** What goes wrong, and when, while messages flow. */

export interface TimelineOptions {
  sandbox: Sandbox;
  /** The worker that is killed. */
  victim: DemoWorker;
  clock: Clock;
  signal: AbortSignal;
  print(text: string): void;
}

const ON_KONGREGATE = { platform: 'kongregate' };

/** The few messages of the others meet fewer faults, each platform as many as the next. */
const onOthers = (fault: Fault): Fault[] =>
  CHANNELS.filter((channel) => channel !== 'kongregate').map((platform) => ({ ...fault, platform }));

const SERVER_ERRORS: Fault[] = [
  { kind: 'server_error', probability: 0.06, count: 25, ...ON_KONGREGATE },
  ...onOthers({ kind: 'server_error', probability: 0.1, count: 3 }),
];
const RESETS: Fault[] = [
  { kind: 'reset', accepted: true, probability: 0.08, count: 12, ...ON_KONGREGATE },
  ...onOthers({ kind: 'reset', accepted: true, probability: 0.15, count: 7 }),
];
const BLANKS: Fault = { kind: 'blank', accepted: true, probability: 0.1, count: 12, ...ON_KONGREGATE };
const TOO_MANY: Fault = { kind: 'rate_limited', retryAfter: '1.5', count: 1, ...ON_KONGREGATE };

type Event = readonly [atMs: number, text: string, act?: () => void | Promise<void>];

const events = ({ sandbox: { faults }, victim }: TimelineOptions): Event[] => [
  [0, 'two producers enqueue, two workers deliver'],
  [500, 'the platforms begin to answer some calls with 503', () => faults.add(...SERVER_ERRORS)],
  [1_000, 'and to cut some connections after they took the message', () => faults.add(...RESETS)],
  [KILL_AT_MS, `kill -9 of ${victim.name}: its jobs are redelivered after 15 to 19 s`, () => victim.kill()],
  [KILL_AT_MS + 2_500, `${victim.name} is started again`, () => victim.start()],
  [7_000, 'Kongregate takes some messages and answers nothing', () => faults.add(BLANKS)],
  [9_500, 'Kongregate says 429, Retry-After 1.5: its whole channel rests', () => faults.add(TOO_MANY)],
  [ENQUEUE_MS, 'everything is enqueued; jobs of the killed worker are still to be redelivered'],
];

/** @throws AbortError at the signal */
export async function playTimeline(options: TimelineOptions): Promise<void> {
  const { clock, signal } = options;
  const startedAt = clock.monotonic();
  for (const [atMs, text, act] of events(options)) {
    await pause(Math.max(0, startedAt + atMs - clock.monotonic()), undefined, { signal });
    options.print(text);
    await act?.();
  }
}
