/**
 * The jobs that a worker holds beyond its concurrency. Those that have not started go back when it may hold none any more: with a platform that
 * became slow they would wait for as long as its requests take, and so would what is more urgent and still in the queue.
 */
export interface Surplus {
  /** How many the worker may hold, at this moment. */
  allowed(): number;
}

export interface SurplusOptions {
  allowed(): number;
  /** How many it holds. */
  held(): number;
  handBack(jobs: number): void;
}

/** How often a worker that holds any looks whether it still may. */
const LOOK_MS = 250;

export function createSurplus({ allowed, held, handBack }: SurplusOptions): Surplus {
  let looks = false;

  function look(): void {
    looks = false;
    const jobs = held();
    if (jobs <= 0) return;
    if (allowed() > 0) lookAgain();
    else handBack(jobs);
  }
  function lookAgain(): void {
    if (!looks) setTimeout(look, LOOK_MS).unref();
    looks = true;
  }

  return {
    allowed() {
      const jobs = allowed();
      if (jobs > 0) lookAgain();
      return jobs;
    },
  };
}
