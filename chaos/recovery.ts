/** How long the messages of a killed worker wait: until each is final, or taken up by another worker. */
export interface Recovery {
  /** A worker was killed at `at` (by the system's clock) with these messages under way. */
  killed(at: number, underWay: readonly { job: string; message: string }[]): void;
  /** Somebody took up a message. */
  taken(at: number, job: string): void;
  /** Redis was away from `from` to `to`. */
  away(from: number, to: number): void;
  /** @param finalAt when a message got a final state, if it did */
  figures(finalAt: (message: string) => number | undefined): RecoveryFigures;
}

/** Milliseconds. */
export interface RecoveryFigures {
  /** Kills that hit messages under way. */
  kills: number;
  messages: number;
  /** Of the kills, by the last of their messages; what Redis was away meanwhile is not counted. */
  p50: number;
  max: number;
  /** With the time that Redis was away. */
  maxWithOutages: number;
  /** Messages that nobody took up and that have no final state. */
  never: string[];
}

interface Kill {
  at: number;
  waiting: Map<string, string>;
  takenAt: { at: number; message: string }[];
}

export function createRecovery(): Recovery {
  const kills: Kill[] = [];
  const waitingFor = new Map<string, Kill[]>();
  const outages: { from: number; to: number }[] = [];

  const awayWithin = (from: number, to: number): number =>
    outages.reduce((sum, o) => sum + Math.max(0, Math.min(to, o.to) - Math.max(from, o.from)), 0);

  return {
    killed(at, underWay) {
      if (underWay.length === 0) return;
      const kill: Kill = {
        at,
        waiting: new Map(underWay.map(({ job, message }) => [job, message])),
        takenAt: [],
      };
      kills.push(kill);
      for (const { job } of underWay) waitingFor.set(job, [...(waitingFor.get(job) ?? []), kill]);
    },
    taken(at, job) {
      for (const kill of waitingFor.get(job) ?? []) {
        const message = kill.waiting.get(job);
        if (message === undefined) continue;
        kill.waiting.delete(job);
        kill.takenAt.push({ at, message });
      }
      waitingFor.delete(job);
    },
    away: (from, to) => void outages.push({ from, to }),
    figures(finalAt) {
      const never: string[] = [];
      const raw: number[] = [];
      const net: number[] = [];
      for (const { at, waiting, takenAt } of kills) {
        const ends = takenAt.map((taken) => Math.min(taken.at, finalAt(taken.message) ?? taken.at));
        for (const message of waiting.values()) {
          const final = finalAt(message);
          if (final === undefined) never.push(message);
          else ends.push(final);
        }
        const last = Math.max(at, ...ends);
        raw.push(last - at);
        net.push(last - at - awayWithin(at, last));
      }
      const sorted = net.toSorted((a, b) => a - b);
      return {
        kills: kills.length,
        messages: kills.reduce((sum, kill) => sum + kill.takenAt.length + kill.waiting.size, 0),
        p50: sorted[Math.floor(sorted.length / 2)] ?? 0,
        max: sorted.at(-1) ?? 0,
        maxWithOutages: raw.length === 0 ? 0 : Math.max(...raw),
        never,
      };
    },
  };
}
