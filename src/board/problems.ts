import type { ChannelStatus } from '../admin/admin.ts';
import type { HoldReason } from '../observe/sample.ts';
import type { Tone } from './components/state.ts';
import { to } from './links.ts';
import { counted, duration, spoken } from './words.ts';

/** What is wrong with a channel, since when, and what to do. Pure. */
export interface Problem {
  /** The channel, or the endpoint of a webhook. */
  subject: string;
  tone: Extract<Tone, 'bad' | 'warn' | 'note'>;
  /** What is the matter, in a few words. */
  title: string;
  /** Since when, milliseconds since the epoch; null if unknown. */
  since: number | null;
  /** What it means and what to do, in whole sentences. */
  advice: string;
  link: { href: string; label: string };
}

const HOLDS: Readonly<Record<HoldReason, string>> = {
  paused: 'An operator paused it. Messages wait until it is resumed.',
  credentials:
    'The platform refuses its credentials. Correct them and restart the worker, or resume it if the platform was wrong.',
  sender: 'Its account may not send. Have the platform lift that, then resume the channel.',
  policy_changed:
    'The quota or addressing in force differs from its worker’s. Give all workers the same configuration.',
  account_taken: 'Another channel serves its account. Give each account one channel.',
  queue_paused: 'Its queue was paused by another program. Resume the channel.',
};

/** From this age of the oldest message on a channel is behind, if workers are alive and nothing holds it. */
export const BEHIND_MS = 5 * 60_000;

/** Most urgent first. @param now the store's clock, milliseconds since the epoch */
export function problemsOf(status: ChannelStatus, now: number): Problem[] {
  const found = [
    stopOf(status),
    workersOf(status, now),
    restOf(status),
    backlogOf(status, now),
    deadOf(status, now),
  ];
  return found.filter((problem) => problem !== undefined);
}

const toChannel = (channel: string) => ({ href: to.channel(channel), label: 'Open the channel' });

function stopOf({ channel, stopped }: ChannelStatus): Problem | undefined {
  if (!stopped) return undefined;
  const { reason, at } = stopped;
  return {
    subject: channel,
    tone: reason === 'paused' ? 'warn' : 'bad',
    title: reason === 'paused' ? 'Paused' : `Stopped: ${spoken(reason)}`,
    since: at,
    advice: HOLDS[reason],
    link: toChannel(channel),
  };
}

/** How many messages a worker could send. */
const waitingIn = ({ queue }: ChannelStatus): number =>
  (queue.ready ?? 0) + (queue.active ?? 0) + (queue.retrying ?? 0);

function workersOf(status: ChannelStatus, now: number): Problem | undefined {
  const { channel, workers, oldestAgeSeconds } = status;
  if (workers.length > 0) return undefined;
  const waiting = waitingIn(status);
  if (waiting === 0) return undefined;
  const age = oldestAgeSeconds.ready;
  return {
    subject: channel,
    tone: 'bad',
    title: 'No worker is alive',
    since: age === undefined ? null : now - age * 1000,
    advice: `${counted(waiting, 'message')} cannot be sent. Start a worker with this channel: herald worker.`,
    link: toChannel(channel),
  };
}

function restOf({ channel, resting, breaker }: ChannelStatus): Problem | undefined {
  if (breaker !== 'closed') {
    const advice =
      breaker === 'half_open'
        ? 'One message probes whether the platform is back; the others follow if it is.'
        : 'The platform did not answer several times in a row. Herald tries again by itself.';
    return {
      subject: channel,
      tone: 'warn',
      title: 'The platform fails',
      since: null,
      advice,
      link: toChannel(channel),
    };
  }
  if (!resting) return undefined;
  return {
    subject: channel,
    tone: 'note',
    title: `Resting: ${spoken(resting.reason)}`,
    since: null,
    advice: 'The platform asked for a pause. Sending resumes by itself.',
    link: toChannel(channel),
  };
}

function backlogOf(status: ChannelStatus, now: number): Problem | undefined {
  const { channel, stopped, workers, queue, oldestAgeSeconds } = status;
  const ageMs = (oldestAgeSeconds.ready ?? 0) * 1000;
  if (stopped || workers.length === 0 || ageMs < BEHIND_MS) return undefined;
  return {
    subject: channel,
    tone: 'warn',
    title: 'Behind',
    since: now - ageMs,
    advice: `${counted(queue.ready ?? 0, 'message')} could be sent, the oldest for ${duration(ageMs)}. Compare its speed with its rate; add workers or raise the limits.`,
    link: toChannel(channel),
  };
}

function deadOf(
  { channel, queue, oldestDeadLetterAgeSeconds }: ChannelStatus,
  now: number,
): Problem | undefined {
  const dead = queue.dead ?? 0;
  if (dead === 0) return undefined;
  return {
    subject: channel,
    tone: 'note',
    title: counted(dead, 'dead letter'),
    since: now - oldestDeadLetterAgeSeconds * 1000,
    advice: 'They are kept. Find the cause, fix it, then replay or purge them.',
    link: { href: to.dead({ channel }), label: 'Open the dead letters' },
  };
}

const URGENCY = { bad: 0, warn: 1, note: 2 } as const;

export const byUrgency = (a: Problem, b: Problem): number => URGENCY[a.tone] - URGENCY[b.tone];
