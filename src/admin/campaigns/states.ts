import type { OperatedChannel } from '../../channels/installation.ts';
import { type CampaignState, listCampaigns, readCampaign } from '../../ledger/campaigns.ts';
import type { CampaignStatus } from '../../outcome.ts';

/**
 * The campaigns of a channel. With shards, each campaign has a record in every shard, and the counts add up. One that was started by who
 * knew of no shards has one at the home as well, where its recipients are listed; the shards count what becomes of these.
 */

/** @param only the id of one campaign; all of them when absent. @returns latest first */
export async function campaignsOf(
  { stores }: Pick<OperatedChannel, 'stores'>,
  only?: string,
): Promise<CampaignState[]> {
  const found = await Promise.all(
    stores.map(async ({ store }) => {
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
  const counts = {
    listed: sum(({ listed }) => listed),
    underWay: sum(({ underWay }) => underWay),
    duplicate: sum(({ duplicate }) => duplicate),
  };
  const ends = endsOf(states);
  const ended = ends.reduce((all, { count }) => all + count, 0);
  const waiting = Math.max(0, counts.listed - counts.underWay - counts.duplicate - ended);
  const open = states.some((state) => state.open);
  return {
    ...first,
    state: statusOf(states, open || waiting + counts.underWay > 0),
    open,
    created: Math.min(...states.map(({ created }) => created)),
    expiresAt: Math.min(...states.map(({ expiresAt }) => expiresAt)),
    ...counts,
    waiting,
    ends,
    replayed: sum(({ replayed }) => replayed),
    perMinute: sum(({ perMinute }) => perMinute),
  };
}

/** A campaign is done once nothing of it is left or to come; any other state in one store holds for all of it. */
const HOLDING: readonly CampaignStatus[] = ['cancelled', 'paused', 'listing'];

/** @param goesOn in any store: it has recipients whose message has not ended, or may get more */
function statusOf(states: readonly CampaignState[], goesOn: boolean): CampaignStatus {
  const state = HOLDING.find((each) => states.some(({ state }) => state === each)) ?? 'running';
  return goesOn || state === 'cancelled' ? state : 'done';
}

function endsOf(states: readonly CampaignState[]): CampaignState['ends'] {
  const ends = new Map<string, CampaignState['ends'][number]>();
  for (const end of states.flatMap((state) => state.ends)) {
    const key = `${end.state} ${end.reason}`;
    ends.set(key, { ...end, count: end.count + (ends.get(key)?.count ?? 0) });
  }
  return [...ends.values()];
}
