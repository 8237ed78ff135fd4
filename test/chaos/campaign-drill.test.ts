import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { campaignDrill } from '../../chaos/campaign-drill.ts';

const RECIPIENTS = 1_200;

/** `npm run chaos -- --campaign-drill` has 20,000 recipients, and kills at every step. */
it('a campaign whose starter crashes and whose worker is killed is sent to nobody twice, and passes nobody over', async () => {
  const logs = await mkdtemp(join(tmpdir(), 'herald-drill-'));
  try {
    const { breaches, complaints, kills, state, reached } = await campaignDrill({
      ...{ recipients: RECIPIENTS, kills: ['answered', 'passing_over'], rate: 100, seed: 7, logs },
      tell: () => {},
    });
    expect(breaches).toEqual([]);
    expect(complaints).toEqual([]);
    expect(kills).toEqual([
      "after the platform's answer, in a campaign",
      'with what of a job is over, in a campaign',
    ]);
    const cancelled = state.ends.find(({ reason }) => reason === 'cancelled');
    expect(cancelled?.count).toBeGreaterThan(0);
    expect(reached).toBeGreaterThan(RECIPIENTS / 5);
    expect(state).toMatchObject({ state: 'cancelled', waiting: 0, underWay: 0 });
  } finally {
    await rm(logs, { recursive: true, force: true });
  }
});
