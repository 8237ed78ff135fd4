import { describe, expect } from 'vitest';
import { total } from '../../testing/metrics-parser.ts';
import { it } from '../support/environment.ts';

const PLAYERS = 300;
/** Ids 1000 to 1299: 30 of them end in 7 (have not played) and 30 in 0 (unknown to the platform). */
const playerOf = (index: number): number => 1000 + (index % PLAYERS);

describe('600 messages for 300 players, two each', () => {
  it('give each eligible known player exactly one, without a call that was bound to be refused', async ({
    openEnvironment,
  }) => {
    const env = await openEnvironment();
    const { journal } = env.sandbox;
    const worker = await env.worker();
    const messages = Array.from({ length: 2 * PLAYERS }, (_, index) => ({
      platform: 'kongregate' as const,
      to: { userId: playerOf(index) },
      content: `Message ${index}`,
    }));
    expect(await env.producer.sendMany(messages)).toMatchObject({ queued: 600, duplicate: 0, invalid: [] });
    const tally = await env.agreed(600, [worker]);

    expect(tally).toEqual({
      'delivered/sent': 240,
      'suppressed/quota': 240,
      'suppressed/ineligible': 60,
      // Each of the two is refused: that a player is unknown is nothing that a ledger could foresee.
      'dead/bad_recipient': 60,
    });
    expect(total(tally)).toBe(600);
    expect(journal.report().results).toEqual({ accepted: 240, not_played: 30, unknown_user: 60 });
    for (const [player, { accepted, calls }] of journal.recipients()) {
      const known = !/[70]$/.test(player);
      expect({ player, accepted }).toEqual({ player, accepted: known ? 1 : 0 });
      if (!player.endsWith('0')) expect({ player, calls }).toEqual({ player, calls: 1 });
    }
    const receipts = await env.receipts();
    expect(new Set(receipts.map(({ id }) => id)).size).toBe(600);
    expect(await env.letters()).toHaveLength(60);
    expect(await env.queue.getFailedCount()).toBe(0);
  });
});
