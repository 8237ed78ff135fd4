import { describe, expect, it } from 'vitest';
import { createWatchdog, type WatchdogSample } from '../../src/workers/watchdog.ts';

const SAMPLE_MS = 5_000;

/** A watchdog, and samples of one channel every five seconds. */
function watched() {
  let now = 1_000_000;
  const watchdog = createWatchdog({ monotonic: () => now });
  const idleSince = 0;
  return {
    watchdog,
    get now() {
      return now;
    },
    pass(ms: number): void {
      now += ms;
    },
    samples(count: number, seen: Partial<WatchdogSample> = {}): void {
      for (let i = 0; i < count; i += 1) {
        watchdog.observe('kongregate', { ready: 3, available: true, lastPickupAt: idleSince, ...seen });
        now += SAMPLE_MS;
      }
    },
  };
}

describe('the watchdog', () => {
  it('finds the channel whose ready messages nobody takes for a minute', () => {
    const { watchdog, samples } = watched();
    samples(12);
    expect(watchdog.stuck()).toBeUndefined();
    samples(1);
    expect(watchdog.stuck()).toBe('channel kongregate has ready messages, and none was picked up for 60 s');
  });

  it('counts from the first ready message on, however long the worker was idle before', () => {
    const { watchdog, samples, pass } = watched();
    samples(20, { ready: 0 });
    pass(3_600_000);
    samples(1);
    expect(watchdog.stuck()).toBeUndefined();
  });

  it.each<[string, Partial<WatchdogSample>]>([
    ['no message is ready', { ready: 0 }],
    ['the worker is not to take any: no room, a rest, a wrong clock', { available: false }],
  ])('begins anew when %s', (_, seen) => {
    const { watchdog, samples } = watched();
    samples(10);
    samples(1, seen);
    samples(10);
    expect(watchdog.stuck()).toBeUndefined();
    samples(3);
    expect(watchdog.stuck()).toBeDefined();
  });

  it('begins anew with each message that is taken', () => {
    const env = watched();
    for (let i = 0; i < 30; i += 1) env.samples(1, { lastPickupAt: env.now - 1 });
    expect(env.watchdog.stuck()).toBeUndefined();
  });

  it('knows nothing where the samples stop, and counts from their return', () => {
    const { watchdog, samples, pass } = watched();
    samples(13);
    expect(watchdog.stuck()).toBeDefined();
    pass(15_000);
    expect(watchdog.stuck()).toBeUndefined();
    samples(2);
    expect(watchdog.stuck()).toBeUndefined();
  });
});
