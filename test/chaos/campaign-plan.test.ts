import { expect, it } from 'vitest';
import { type CampaignPlan, planCampaigns } from '../../chaos/campaign-plan.ts';
import { SERVED } from '../../chaos/channels.ts';
import { seededRandom } from '../../src/sandbox/seeded-random.ts';

const CAMPAIGNS = 16;
const planned = (seed = 1): CampaignPlan[] =>
  planCampaigns(
    { campaigns: CAMPAIGNS, messages: 20_000, spanMs: 180_000 },
    { random: seededRandom(seed), now: 0, crowd: () => 100 },
  );

it('plans the same campaigns for the same seed, all within the time', () => {
  expect(planned(1)).toEqual(planned(1));
  expect(planned(2)).not.toEqual(planned(1));
  expect(Math.max(...planned().map(({ atMs }) => atMs))).toBeLessThan(180_000);
});

it('plans some for every channel, paused, resumed, cancelled and left alone, and started in every way', () => {
  const plans = planned();
  expect(new Set(plans.map(({ channel }) => channel))).toEqual(new Set(SERVED));
  const orders = new Set(plans.map((plan) => plan.orders.map(({ kind }) => kind).join(' ')));
  for (const each of ['', 'cancel', 'pause', 'pause resume', 'pause cancel']) expect(orders).toContain(each);
  const starts = plans.flatMap((plan) => plan.starts);
  expect(starts.length).toBeGreaterThan(CAMPAIGNS);
  expect(starts.some(({ crashesAfter }) => crashesAfter !== undefined)).toBe(true);
  expect(starts.some(({ reversed }) => reversed)).toBe(true);
});

it('names some people twice, some with values of their own, and half of them as single messages do', () => {
  const plans = planned();
  const twice = plans.filter(
    ({ recipients }) => new Set(recipients.map(({ id }) => id)).size < recipients.length,
  );
  expect(twice.length).toBeGreaterThan(CAMPAIGNS / 2);
  const named = plans.map(
    ({ recipients }) => recipients.filter(({ data }) => data).length / recipients.length,
  );
  expect(named).toContain(0);
  expect(named).toContain(1);
  const sizes = plans.map(({ recipients }) => recipients.length);
  expect(Math.max(...sizes)).toBeGreaterThan(500);
  expect(plans.flatMap(({ controls }) => controls).length).toBeGreaterThan(0);
});
