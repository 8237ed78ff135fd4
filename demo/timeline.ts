import type { Clock } from '../src/clock.ts';
import type { Fault, Sandbox } from '../src/sandbox/index.ts';
import { CHANNELS } from './channels.ts';
import { ENQUEUE_MS, KILL_AT_MS } from './message-plan.ts';
import { pauseFor } from './waiting.ts';
import type { DemoWorker } from './worker-process.ts';

/** What happens to the stage while messages flow. */

interface Happening {
  atMs: number;
  text: string;
  act(): void | Promise<void>;
}

export interface TimelineOptions {
  sandbox: Sandbox;
  /** The one that is killed. */
  victim: DemoWorker;
  clock: Clock;
  signal: AbortSignal;
  tell(text: string): void;
}

const ON_KONGREGATE = { platform: 'kongregate' };

/** Kongregate's usual answering time: a killed worker then leaves sends behind whose end nobody knows. */
export const LATENCY: Fault = { kind: 'latency', latencyMs: 45, ...ON_KONGREGATE };

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

const happenings = ({ sandbox: { faults }, victim }: TimelineOptions): Happening[] => [
  {
    atMs: 0,
    text: 'two producers enqueue, two workers deliver',
    act() {},
  },
  {
    atMs: 1_000,
    text: 'the platforms begin to answer some calls with 503',
    act: () => faults.add(...SERVER_ERRORS),
  },
  {
    atMs: 2_000,
    text: 'and to cut some connections after they took the message',
    act: () => faults.add(...RESETS),
  },
  {
    atMs: KILL_AT_MS,
    text: `kill -9 of ${victim.name}: its work comes back after 15 to 19 s`,
    act: () => victim.kill(),
  },
  {
    atMs: 6_500,
    text: `${victim.name} is started again`,
    act: () => victim.start(),
  },
  {
    atMs: 8_500,
    text: 'Kongregate takes some messages and answers nothing',
    act: () => faults.add(BLANKS),
  },
  {
    atMs: 11_000,
    text: 'Kongregate says 429, Retry-After 1.5: its whole channel rests',
    act: () => faults.add(TOO_MANY),
  },
  {
    atMs: ENQUEUE_MS,
    text: 'everything is enqueued; what was killed is still to come back',
    act() {},
  },
];

export async function playTimeline(options: TimelineOptions): Promise<void> {
  const { clock, signal } = options;
  const startedAt = clock.monotonic();
  for (const { atMs, text, act } of happenings(options)) {
    await pauseFor(Math.max(0, startedAt + atMs - clock.monotonic()), signal);
    options.tell(text);
    await act();
  }
}
