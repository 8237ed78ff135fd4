import { availableParallelism, loadavg } from 'node:os';

/** CPU milliseconds of `work` on the machine that the tests' patience was chosen on (2 cores, Node 20). */
const REFERENCE_MS = 5;

/** How many times slower a core of this machine is than one of that machine, at least 1. In CPU time, so that load does not count. */
const coreSlowness = Math.max(1, cpuMsOf(work) / REFERENCE_MS);

/**
 * How many times longer something may take now than on an idle machine with two cores: slow cores and waiting processes multiply. The
 * load average lags by some seconds, so whatever waits should ask repeatedly.
 */
export const slowness = (): number =>
  coreSlowness * Math.max(1, (loadavg()[0] as number) / availableParallelism());

/** A bound on how long something may take, in milliseconds, on this machine at this moment. */
export const unhurried = (ms: number): number => ms * slowness();

/** Of a channel: on a busy machine a request that is only slow must not become a doubtful one. The job lock allows no more than 8 s. */
export const requestTimeout = (ms: number): string => `${Math.round(Math.min(8_000, unhurried(ms)))}ms`;

/** The best of some runs: the first ones are the compiler's, and any may be interrupted. */
function cpuMsOf(run: () => void): number {
  const runs = Array.from({ length: 5 }, () => {
    const before = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  });
  return Math.min(...runs);
}

function work(): void {
  let hash = 0;
  for (let i = 0; i < 4_000_000; i++) hash = (Math.imul(hash, 31) + i) | 0;
  if (hash === 1) throw new Error('keeps the loop from being optimised away');
}
