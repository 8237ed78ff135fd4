import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { pausableTimeout, withTimeout } from '../src/timeout.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const never = new Promise<never>(() => {});
const late = () => 'late';

describe('withTimeout', () => {
  it('answers the work that ends in time, or its failure, and leaves no timer', async () => {
    expect(await withTimeout(Promise.resolve('done'), 1000, late)).toBe('done');
    await expect(withTimeout(Promise.reject(new Error('broken')), 1000, late)).rejects.toThrow('broken');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('answers what is late at the limit, and at once where it is over', async () => {
    const bounded = withTimeout(never, 1000, late);
    await vi.advanceTimersByTimeAsync(1000);
    expect(await bounded).toBe('late');
    const over = withTimeout(never, -5, late);
    await vi.advanceTimersByTimeAsync(1);
    expect(await over).toBe('late');
  });

  it('drops a rejection that comes too late', async () => {
    let fail: (error: Error) => void = () => {};
    const work = new Promise<never>((_, reject) => {
      fail = reject;
    });
    const bounded = withTimeout(work, 10, late);
    await vi.advanceTimersByTimeAsync(10);
    expect(await bounded).toBe('late');
    fail(new Error('nobody hears this'));
  });
});

describe('a pausable timeout', () => {
  const clock = { monotonic: () => performance.now() };

  it('expires after its limit', async () => {
    const expire = vi.fn();
    pausableTimeout(1000, clock, expire);
    await vi.advanceTimersByTimeAsync(999);
    expect(expire).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(2);
    expect(expire).toHaveBeenCalledOnce();
  });

  it('does not count work done aside, and stops for good', async () => {
    const expire = vi.fn();
    const limit = pausableTimeout(1000, clock, expire);
    await vi.advanceTimersByTimeAsync(600);
    const work = limit.aside(() => new Promise((resolve) => setTimeout(resolve, 5000)));
    await vi.advanceTimersByTimeAsync(5000);
    await work;
    await vi.advanceTimersByTimeAsync(399);
    expect(expire).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(2);
    expect(expire).toHaveBeenCalledOnce();

    const stopped = pausableTimeout(10, clock, expire);
    stopped.stop();
    await vi.advanceTimersByTimeAsync(100);
    expect(expire).toHaveBeenCalledOnce();
  });
});
