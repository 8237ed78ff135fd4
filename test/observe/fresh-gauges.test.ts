import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createFreshGauges } from '../../src/observe/fresh-gauges.ts';
import type { ChannelSample } from '../../src/observe/sample.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const of = (channel: string) => ({ channel }) as ChannelSample;

function shown() {
  const channels = new Set<string>();
  const gauges = createFreshGauges({
    sample: ({ channel }) => void channels.add(channel),
    unsample: (channel) => void channels.delete(channel),
  });
  return { gauges, channels };
}

it('shows a channel for fifteen seconds after its last sample', () => {
  const { gauges, channels } = shown();
  gauges.sample(of('kongregate'));
  vi.advanceTimersByTime(10_000);
  gauges.sample(of('kongregate'));
  gauges.sample(of('forum'));
  vi.advanceTimersByTime(14_999);
  expect([...channels]).toEqual(['kongregate', 'forum']);
  vi.advanceTimersByTime(1);
  expect([...channels]).toEqual([]);
});

it('removes one channel, or all of them, at once', () => {
  const { gauges, channels } = shown();
  for (const name of ['kongregate', 'forum', 'crm']) gauges.sample(of(name));
  gauges.unsample('forum');
  expect([...channels]).toEqual(['kongregate', 'crm']);
  gauges.clear();
  expect([...channels]).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});
