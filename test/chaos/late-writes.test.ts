import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { lateWrites } from '../../chaos/late-writes.ts';

const END = Date.parse('2026-01-01T00:00:20.000Z');
const attempt = (id: string, durationMs: number): string =>
  JSON.stringify({ time: new Date(END).toISOString(), channel: 'staff', id, duration_ms: durationMs });

it('knows a late write by an attempt that took long and a request that arrived at its end', async ({
  onTestFinished,
}) => {
  const logs = await mkdtemp(join(tmpdir(), 'herald-late-'));
  onTestFinished(() => rm(logs, { recursive: true }));
  const lines = [attempt('frozen', 17_000), attempt('slow', 3_000), 'a stack, and no JSON'];
  await writeFile(join(logs, 'worker-1.log'), lines.join('\n'));
  const isLate = await lateWrites(logs);
  expect(isLate('staff', { at: END - 10 }, 'frozen')).toBe(true);
  // Frozen while it waited for the answer: the request had left before.
  expect(isLate('staff', { at: END - 16_900 }, 'frozen')).toBe(false);
  expect(isLate('staff', { at: END - 10 }, 'slow')).toBe(false);
  expect(isLate('forum', { at: END - 10 }, 'frozen')).toBe(false);
});
