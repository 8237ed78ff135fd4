import { slowness } from '../testing/slowness.ts';

/** How many times slower than an idle machine with two cores this one was during a run, on average. */
export interface Pace {
  mean(): number;
  stop(): void;
}

const LOOK_MS = 2_000;

export function watchPace(): Pace {
  let [sum, looks] = [slowness(), 1];
  const timer = setInterval(() => {
    sum += slowness();
    looks += 1;
  }, LOOK_MS);
  return { mean: () => sum / looks, stop: () => clearInterval(timer) };
}
