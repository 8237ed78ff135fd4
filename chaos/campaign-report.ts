import type { CampaignEnd } from '../src/ledger/campaigns.ts';
import type { Breach } from './breach.ts';
import type { DrillFindings } from './campaign-drill.ts';
import type { CampaignBook } from './campaigns.ts';
import { counted, type Row, section } from './table.ts';

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

export function drillTable({ state, kills, reached, breaches, complaints, seconds }: DrillFindings): string {
  const { listed, duplicate, ends } = state;
  const of = (kind: Breach['kind']): number => breaches.filter((breach) => breach.kind === kind).length;
  return [
    section('the campaign', [
      ['recipients listed', listed],
      ['  named before, in another job', duplicate],
      ...endRows(ends),
      ['people that the platform accepted a message for', reached],
    ]),
    section('its worker was killed', counted(kills)),
    section('the promise', [
      ['got it twice', of('arrived_twice') + of('second_message')],
      ['passed over', of('lost')],
      ['more than one final state', of('two_final_states')],
      ['wrong counts', of('miscounted')],
      ['sent while it was paused or cancelled', of('sent_while_held')],
      ['all breaches', breaches.length],
    ]),
    ...complaints.map((text) => `! ${text}`),
    `${Math.round(seconds)} s`,
  ].join('\n\n');
}
