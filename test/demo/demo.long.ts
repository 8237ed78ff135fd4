import { expect, it } from 'vitest';
import { EXIT } from '../../src/cli/context.ts';
import { startDemo } from './demo-process.ts';

const sum = (counts: Record<string, number>): number => Object.values(counts).reduce((a, b) => a + b, 0);

it('keeps the promise on four platforms through a killed worker and faults, and leaves nothing', async () => {
  const demo = await startDemo('--json');
  expect(await demo.ended(90_000)).toBe(EXIT.done);
  const { held, platforms } = JSON.parse(demo.stdout());
  const promises = { one_final_state: true, receipts_agree: true, nobody_twice: true };
  expect(held).toBe(true);
  expect(Object.keys(platforms)).toEqual(['kongregate', 'zulip', 'discourse', 'usercom']);
  const { kongregate, zulip, discourse, usercom } = platforms;
  for (const { enqueued, replayed, delivered, suppressed, dead } of [kongregate, zulip, discourse, usercom])
    expect(delivered + sum(suppressed) + sum(dead)).toBe(enqueued + replayed);

  expect(kongregate.promises).toEqual(promises);
  expect(kongregate.platform.accepted).toBe(kongregate.delivered);
  expect(kongregate.presumed).toBeGreaterThan(0);
  expect(kongregate.retried).toBeGreaterThan(kongregate.presumed);
  for (const { platform, ...figures } of [zulip, discourse]) {
    expect(figures).toMatchObject({ enqueued: 120, delivered: 120, suppressed: {}, dead: {} });
    expect(figures.promises).toEqual({ ...promises, all_delivered: true });
    expect(figures.confirmed).toBeGreaterThan(0);
    expect(platform).toMatchObject({ accepted: 120 });
  }
  expect(usercom.promises).toEqual(promises);
  expect(Object.keys(usercom.dead)).toEqual(['unconfirmed']);
  expect(usercom.retried).toBe(0);

  // Half of the dead letters of unknown players died again, and were replayed no second time.
  expect(kongregate.replayed).toBeGreaterThan(150);
  expect(kongregate.dead.bad_recipient).toBeLessThan(1.75 * kongregate.replayed);
  expect(demo.stderr()).toContain('kill -9 of worker 2');
  expect(demo.stderr()).not.toMatch(/Warning/);
  expect(await demo.files()).toEqual([]);
});
