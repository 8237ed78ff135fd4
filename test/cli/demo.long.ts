import { expect, it } from 'vitest';
import { EXIT } from '../../src/cli/context.ts';
import { startDemo } from './demo-stage.ts';

it('keeps the promise through a killed worker and a faulty platform, and leaves nothing', async () => {
  const demo = await startDemo('--json');
  expect(await demo.ended(90_000)).toBe(EXIT.done);
  const figures = JSON.parse(demo.stdout());
  const promises = { one_final_state: true, receipts_agree: true, no_player_twice: true };
  expect(figures).toMatchObject({ held: true, promises, replay: { mended_players: 75, promises } });
  const { enqueued, delivered, suppressed, dead, platform, replay } = figures;
  const sum = (counts: Record<string, number>) => Object.values(counts).reduce((a, b) => a + b, 0);
  expect(delivered + sum(suppressed) + sum(dead)).toBe(enqueued);
  expect(platform.accepted).toBe(delivered);
  expect(figures.presumed).toBeGreaterThan(0);
  expect(figures.retried).toBeGreaterThan(figures.presumed);
  expect(replay.replayed).toBe(dead.bad_recipient);
  expect(replay.delivered).toBeGreaterThan(30);
  expect(replay.delivered + sum(replay.suppressed) + sum(replay.dead)).toBe(replay.replayed);
  expect(demo.stderr()).toContain('kill -9 of worker 2');
  expect(demo.stderr()).not.toMatch(/Warning/);
  expect(await demo.files()).toEqual([]);
});
