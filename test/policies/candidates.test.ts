import ms, { type StringValue } from 'ms';
import { describe, expect, it } from 'vitest';
import { candidateBounds, claimTtlMs, selectCandidates } from '../../src/policies/candidates.ts';
import { channelConfig } from '../config/channel-config.ts';

/** A grant of at most 5 + 1.5 + 1 s, and 4 s that clocks may differ. */
const channel = channelConfig({ timeout: '5s', quietPeriod: '60s' });
const DOUBT = 1_000_000;
const at = (ms: number) => ({ platformMessageId: `${ms}`, at: DOUBT + ms });
const among = (times: number[], now = 600_000) =>
  selectCandidates(times.map(at), candidateBounds(channel, DOUBT, DOUBT + now));

describe('the messages that may be the one in doubt', () => {
  it('came between the attempt and the end of its quiet period', () => {
    expect(among([-11_501, -11_500, 0, 71_500, 71_501])).toEqual({
      ids: ['-11500', '0', '71500'],
      unsettled: false,
    });
  });

  it('are told oldest first', () => {
    expect(among([5_000, -5_000, 1_000]).ids).toEqual(['-5000', '1000', '5000']);
  });

  it('are not judged while they may belong to a send under way', () => {
    expect(among([60_000], 71_500)).toEqual({ ids: [], unsettled: true });
    expect(among([59_999], 71_500)).toEqual({ ids: ['59999'], unsettled: false });
  });

  it('may be none', () => {
    expect(among([])).toEqual({ ids: [], unsettled: false });
    expect(among([-20_000, 600_000])).toEqual({ ids: [], unsettled: false });
  });
});

it.each([
  ['10m', '1d'],
  ['3d', '3d'],
])('a claim outlasts every question about a doubt: patience %s, at least %s', (patience, least) => {
  expect(claimTtlMs(channelConfig({ patience }))).toBeGreaterThan(ms(least as StringValue));
});
