import type { Pickup } from '../testing/worker-protocol.ts';

/**
 * How long the messages of a killed worker wait: until each is final, or the queue has given it to another worker. That
 * one may lose it in turn, by a connection that breaks under the answer: then another lock has to run out, and until
 * a worker is at work on it is told apart.
 */
export interface Recovery {
  /** A worker was killed at `at` (by the system's clock) with these messages under way. */
  killed(at: number, underWay: readonly UnderWay[]): void;
  /** The queue gave a message to somebody. */
  given(at: number, job: string): void;
  /** Somebody is at work on a message. */
  taken(at: number, job: string): void;
  /**
   * Redis was away from `from` to `to`.
   * @param channel where only this channel's queue was, because it was paused
   */
  away(from: number, to: number, channel?: string): void;
  /** @param finalAt when a message got a final state, if it did */
  figures(finalAt: Final): RecoveryFigures;
}

/** A message, the job that it was enqueued with, and the job of many that it was picked up with. */
type UnderWay = Pick<Pickup, 'job' | 'carrier' | 'message'>;

/** Milliseconds. */
export interface RecoveryFigures {
  /** Kills that hit messages under way. */
  kills: number;
  messages: number;
  /** Of the kills, by the last of their messages; what Redis was away meanwhile is not counted. */
  p50: number;
  max: number;
  /** The message that took longest. */
  slowest: string | undefined;
  /** With the time that Redis was away. */
  maxWithOutages: number;
  /** Until a worker was at work on it, whatever other faults struck. */
  maxAtWork: number;
  /** Messages that nobody took up and that have no final state. */
  never: string[];
}

interface Waiting {
  message: string;
  killedAt: number;
  givenAt?: number;
  takenAt?: number;
}

type Final = (message: string) => number | undefined;

export function createRecovery(): Recovery {
  const kills: Waiting[][] = [];
  const waitingFor = new Map<string, Waiting[]>();
  const outages: { from: number; to: number; channel: string | undefined }[] = [];

  function awayWithin(message: string, from: number, to: number): number {
    const own = outages.filter(({ channel }) => !channel || message.startsWith(`${channel} `));
    let [sum, counted] = [0, from];
    for (const outage of own.toSorted((a, b) => a.from - b.from)) {
      sum += Math.max(0, Math.min(to, outage.to) - Math.max(counted, outage.from));
      counted = Math.max(counted, outage.to);
    }
    return sum;
  }

  function note(at: number, job: string, moment: 'givenAt' | 'takenAt'): void {
    for (const waiting of waitingFor.get(job) ?? []) if (at > waiting.killedAt) waiting[moment] ??= at;
  }

  /** How long a message waited for the first of these moments; undefined when none came. */
  function waited({ killedAt }: Waiting, ...moments: (number | undefined)[]): number | undefined {
    const known = moments.filter((moment) => moment !== undefined);
    return known.length === 0 ? undefined : Math.max(0, Math.min(...known) - killedAt);
  }

  return {
    killed(at, underWay) {
      if (underWay.length === 0) return;
      const kill = underWay.map(({ job, carrier, message }) => {
        const waiting: Waiting = { message, killedAt: at };
        for (const each of new Set([job, carrier]))
          waitingFor.set(each, [...(waitingFor.get(each) ?? []), waiting]);
        return waiting;
      });
      kills.push(kill);
    },
    given: (at, job) => note(at, job, 'givenAt'),
    taken: (at, job) => note(at, job, 'takenAt'),
    away: (from, to, channel) => void outages.push({ from, to, channel }),
    figures(finalAt) {
      const all = kills.flat();
      const raw = (each: Waiting): number =>
        waited(each, each.givenAt, each.takenAt, finalAt(each.message)) ?? 0;
      const net = (each: Waiting): number =>
        raw(each) - awayWithin(each.message, each.killedAt, each.killedAt + raw(each));
      const ofKills = kills.map((kill) => Math.max(...kill.map(net))).toSorted((a, b) => a - b);
      const atWork = (each: Waiting): number => waited(each, each.takenAt, finalAt(each.message)) ?? 0;
      return {
        kills: kills.length,
        messages: all.length,
        p50: ofKills[Math.floor(ofKills.length / 2)] ?? 0,
        max: ofKills.at(-1) ?? 0,
        slowest: all.toSorted((a, b) => net(b) - net(a))[0]?.message,
        maxWithOutages: Math.max(0, ...all.map(raw)),
        maxAtWork: Math.max(0, ...all.map(atWork)),
        never: all.filter((each) => lost(each, finalAt)).map(({ message }) => message),
      };
    },
  };
}

/** Given away is not enough: whoever got it may have lost it. */
const lost = ({ takenAt, message }: Waiting, finalAt: Final): boolean =>
  takenAt === undefined && finalAt(message) === undefined;
