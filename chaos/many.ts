import type { Pickup } from '../testing/worker-protocol.ts';

/** How messages travelled in jobs of many, by what workers picked up. */
export interface ManyTally {
  note(pickup: Pickup): void;
  figures(): ManyFigures;
}

export interface ManyFigures {
  messages: number;
  jobs: number;
  /** Messages that were picked up in a job of their own later. */
  left: number;
}

const POSITION = /:\d+$/;

export function createManyTally(): ManyTally {
  const messages = new Set<string>();
  const jobs = new Set<string>();
  const left = new Set<string>();
  return {
    note({ job, carrier }) {
      if (!POSITION.test(job)) return;
      messages.add(job);
      jobs.add(job.replace(POSITION, ''));
      if (carrier === job) left.add(job);
    },
    figures: () => ({ messages: messages.size, jobs: jobs.size, left: left.size }),
  };
}
