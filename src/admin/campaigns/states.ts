import type { OperatedChannel } from '../../channels/installation.ts';
import { type CampaignState, listCampaigns, readCampaign } from '../../ledger/campaigns.ts';
import type { CampaignStatus } from '../../outcome.ts';

/** The campaigns of a channel. With shards, each campaign has a record in every shard, and the counts add up. */

/** @param only the id of one campaign; all of them when absent. @returns latest first */
export async function campaignsOf(
  { ofRecipients }: Pick<OperatedChannel, 'ofRecipients'>,
  only?: string,
): Promise<CampaignState[]> {
  const found = await Promise.all(
    ofRecipients.map(async ({ store }) => {
      if (only === undefined) return await listCampaigns(store);
      const one = await readCampaign(store, only);
      return one ? [one] : [];
    }),
  );
  const byId = new Map<string, CampaignState[]>();
  for (const state of found.flat()) if (!byId.get(state.id)?.push(state)) byId.set(state.id, [state]);
  return [...byId.values()].map(asOne).sort((a, b) => b.created - a.created);
}

function asOne(states: readonly CampaignState[]): CampaignState {
  const [first] = states as [CampaignState];
  if (states.length === 1) return first;
  const sum = (figure: (state: CampaignState) => number): number =>
    states.reduce((all, state) => all + figure(state), 0);
  return {
    ...first,
    state: statusOf(states.map(({ state }) => state)),
    created: Math.min(...states.map(({ created }) => created)),
    expiresAt: Math.min(...states.map(({ expiresAt }) => expiresAt)),
    listed: sum(({ listed }) => listed),
    waiting: sum(({ waiting }) => waiting),
    underWay: sum(({ underWay }) => underWay),
    duplicate: sum(({ duplicate }) => duplicate),
    ends: endsOf(states),
    replayed: sum(({ replayed }) => replayed),
    perMinute: sum(({ perMinute }) => perMinute),
  };
}

/** A campaign is done once it is done in all shards; any other state in one shard holds for all of it. */
const HOLDING: readonly CampaignStatus[] = ['cancelled', 'paused', 'listing'];

function statusOf(states: readonly CampaignStatus[]): CampaignStatus {
  if (states.every((state) => state === 'done')) return 'done';
  return HOLDING.find((state) => states.includes(state)) ?? 'running';
}

function endsOf(states: readonly CampaignState[]): CampaignState['ends'] {
  const ends = new Map<string, CampaignState['ends'][number]>();
  for (const end of states.flatMap((state) => state.ends)) {
    const key = `${end.state} ${end.reason}`;
    ends.set(key, { ...end, count: end.count + (ends.get(key)?.count ?? 0) });
  }
  return [...ends.values()];
}
