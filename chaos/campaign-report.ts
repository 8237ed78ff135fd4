import type { CampaignEnd } from '../src/ledger/campaigns.ts';
import type { CampaignBook } from './campaigns.ts';
import type { Row } from './table.ts';

/** Of all campaigns of a run together. */
export function campaignRows(campaigns: readonly CampaignBook[]): Row[] {
  const sum = (of: (book: CampaignBook) => number): number =>
    campaigns.reduce((total, book) => total + of(book), 0);
  const cancelled = campaigns.filter(({ state }) => state?.state === 'cancelled');
  return [
    ['campaigns', campaigns.length],
    ['  started more than once', campaigns.filter(({ plan }) => plan.starts.length > 1).length],
    ['  cancelled', cancelled.length],
    ['paused', sum(({ orders }) => orders.filter(({ status }) => status === 'paused').length)],
    ['recipients listed', sum(({ state }) => state?.listed ?? 0)],
    ['  named before, in another job', sum(({ state }) => state?.duplicate ?? 0)],
    ...endRows(campaigns.flatMap(({ state }) => state?.ends ?? [])),
  ];
}

function endRows(ends: readonly CampaignEnd[]): Row[] {
  const counts = new Map<string, number>();
  for (const { state, reason, count } of ends) {
    const name = `  ${state}/${reason}`;
    counts.set(name, (counts.get(name) ?? 0) + count);
  }
  return [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1));
}
