import { afterEach, expect, it, vi } from 'vitest';
import { SAMPLE_MS } from '../../src/channels/shared-sample.ts';
import { createLogger } from '../../src/observe/log.ts';
import { createMaintenance, type ServedStore } from '../../src/workers/maintenance.ts';

afterEach(() => {
  vi.useRealTimers();
});

const storeOf = (name: string) => ({
  keys: { name },
  sweep: vi.fn().mockResolvedValue(0),
  worker: { resetStalls: vi.fn().mockResolvedValue(undefined) },
});

it('takes back the stalls that no message is to blame for with every turn: a lock outlives three of them', async () => {
  vi.useFakeTimers();
  const store = storeOf('forum');
  const channel = { config: { name: 'forum' }, stores: [store], sample: async () => ({}) };
  const maintenance = createMaintenance({
    ...{ gauges: { sample: vi.fn() }, logger: createLogger({ level: 'silent' }), onSample: () => {} },
  });
  maintenance.start([{ channel, store } as unknown as ServedStore]);
  await vi.advanceTimersByTimeAsync(2 * SAMPLE_MS);
  maintenance.stop();
  expect(store.worker.resetStalls).toHaveBeenCalledTimes(3);
  expect(store.sweep).toHaveBeenCalledTimes(1);
});

it('samples a channel whose stores cannot be swept, and tells which', async () => {
  vi.useFakeTimers();
  const lines: string[] = [];
  const logger = createLogger({
    level: 'warn',
    destination: { write: (line: string) => void lines.push(line) },
  });
  const gauges = { sample: vi.fn() };
  const maintenance = createMaintenance({ gauges, logger, onSample: () => {} });
  const sweep = vi.fn().mockRejectedValue(new Error('WRONGTYPE'));
  const [home, shard] = ['forum', 'forum:0'].map((name) => ({ ...storeOf(name), sweep }));
  const channel = {
    config: { name: 'forum' },
    stores: [home, shard],
    sample: async () => ({ channel: 'forum' }),
  };
  maintenance.start([home, shard].map((store) => ({ channel, store }) as unknown as ServedStore));
  await vi.advanceTimersByTimeAsync(SAMPLE_MS);
  maintenance.stop();
  expect(sweep).toHaveBeenCalledTimes(2);
  expect(gauges.sample).toHaveBeenCalledTimes(2);
  expect(maintenance.samples()).toEqual([{ channel: 'forum' }]);
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { channel: 'forum', store: 'forum', msg: 'store could not be swept' },
    { channel: 'forum', store: 'forum:0', msg: 'store could not be swept' },
  ]);
});
